"""The scans of a case as a Qt table model.

What is ticked or chosen is told by signals and not changed here: the case is the truth, and comes back by `set_facts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, Signal
from qtpy.QtGui import QImage, QPixmap

from napari_raddiag.data_models.index import Index
from napari_raddiag.data_models.scan_facts import ScanFacts
from raddiag_engine.cases import Anatomy, Modality

FACTS_ROLE = Qt.ItemDataRole.UserRole + 1
"""Role under which every cell gives its row's `ScanFacts`."""
SHOWN_ROLE = Qt.ItemDataRole.UserRole + 2
"""True for the scan that the canvas shows."""


NETWORK_SAW = "seen: "
"""How the line on what the network saw begins."""
NETWORK_WILL_SEE = "will see: "
"""How it begins while there is no diagnosis of the case as it stands."""


class Column(IntEnum):
    """The columns, in the order shown."""

    USE = 0
    IMAGE = 1
    MODALITY = 2
    GEOMETRY = 3
    WARNINGS = 4


TITLES = {
    Column.USE: ("Use", "Ticked scans are used in the diagnosis"),
    Column.IMAGE: ("", "Middle slice"),
    Column.MODALITY: ("Modality", "Modality and body region; ? was guessed. Double-click or F2 to correct"),
    Column.GEOMETRY: ("Scan", "Plane and date; matrix (slices first) and spacing; what the network sees of it"),
    Column.WARNINGS: ("!", "Number of doubts; select the scan to read them"),
}


class ScanTable(QAbstractTableModel):
    """Rows are scans in the order of the case."""

    use_toggled = Signal(str, bool)
    modality_chosen = Signal(str, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._facts: tuple[ScanFacts, ...] = ()
        self._thumbnails: dict[str, QPixmap] = {}
        self._network_saw: dict[str, str] = {}
        self._recognised: dict[str, str] = {}
        self._shown = ""
        self._diagnosed = False

    @property
    def facts(self) -> tuple[ScanFacts, ...]:
        """What the rows show."""
        return self._facts

    @property
    def shown(self) -> str:
        """Id of the scan that the canvas shows; empty for none."""
        return self._shown

    def set_facts(self, facts: tuple[ScanFacts, ...]) -> None:
        """Show these scans; of the same scans, thumbnails and what the network sees stay."""
        ids = [row.scan_id for row in facts]
        if ids == [row.scan_id for row in self._facts]:
            self._facts = facts
            if facts:
                self._changed(0, len(facts) - 1)
            return
        self.beginResetModel()
        self._facts = facts
        self._thumbnails = {key: value for key, value in self._thumbnails.items() if key in ids}
        self._network_saw = {key: value for key, value in self._network_saw.items() if key in ids}
        self.endResetModel()

    def set_thumbnail(self, scan_id: str, grey: NDArray[np.uint8]) -> None:
        """Show a picture of the scan.

        Args:
            scan_id: Of the scan; a scan that is not in the table any more is passed over.
            grey: (row, column) uint8, as displayed.
        """
        rows, columns = grey.shape
        pixels = np.ascontiguousarray(grey)
        image = QImage(pixels.data, columns, rows, columns, QImage.Format.Format_Grayscale8)
        # The picture must own its pixels: the array does not live as long as the table.
        self._thumbnails[scan_id] = QPixmap.fromImage(image.copy())
        self._row_changed(scan_id)

    def set_network_saw(self, scan_id: str, text: str) -> None:
        """Say what the network sees of the scan; empty for a scan that it does not see."""
        self._network_saw[scan_id] = text
        self._row_changed(scan_id)

    def set_recognised(self, texts: Mapping[str, str]) -> None:
        """Say what the model took scans for: scan id -> text, empty or missing where the file says it."""
        if dict(texts) != self._recognised:
            self._recognised = dict(texts)
            if self._facts:
                self._changed(0, len(self._facts) - 1)

    def set_diagnosed(self, diagnosed: bool) -> None:
        """Say whether there is a diagnosis of the case as it stands: until then the network will see, then it saw."""
        if diagnosed != self._diagnosed:
            self._diagnosed = diagnosed
            if self._facts:
                self._changed(0, len(self._facts) - 1)

    def set_shown(self, scan_id: str) -> None:
        """Mark the scan that the canvas shows."""
        before, self._shown = self._shown, scan_id
        self._row_changed(before)
        self._row_changed(scan_id)

    def network_saw(self, scan_id: str) -> str:
        """What the network sees of the scan; empty if it is not known."""
        return self._network_saw.get(scan_id, "")

    def network_sentence(self, scan_id: str) -> str:
        """ "The network saw: 24 slices", or that it will see them; empty if it is not known."""
        saw = self.network_saw(scan_id)
        return f"The network {'saw' if self._diagnosed else 'will see'}: {saw}" if saw else ""

    def row_of(self, scan_id: str) -> int | None:
        """Row of the scan, None if it has none."""
        return next((row for row, facts in enumerate(self._facts) if facts.scan_id == scan_id), None)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        """Number of scans."""
        return 0 if parent.isValid() else len(self._facts)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        """Number of columns."""
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles of the columns and what they mean."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        title, meaning = TITLES[Column(section)]
        if role == Qt.ItemDataRole.DisplayRole:
            return title
        return meaning if role == Qt.ItemDataRole.ToolTipRole else None

    def flags(self, index: Index) -> Any:
        """Ticks can be set, modalities edited; a scan that is not usable stays tickable, to be overruled."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() == Column.USE:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        if index.column() == Column.MODALITY:
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One cell."""
        if not index.isValid():
            return None
        facts, column = self._facts[index.row()], Column(index.column())
        if role == FACTS_ROLE:
            return facts
        if role == SHOWN_ROLE:
            return facts.scan_id == self._shown
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(facts, column)
        if role == Qt.ItemDataRole.CheckStateRole and column is Column.USE:
            return Qt.CheckState.Checked if facts.used else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.DecorationRole and column is Column.IMAGE:
            return self._thumbnails.get(facts.scan_id)
        if role == Qt.ItemDataRole.EditRole and column is Column.MODALITY:
            return facts.modality
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tooltip(facts)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._accessible(facts, column)
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Tell what the person did; the cell changes when the case does."""
        if not index.isValid():
            return False  # an editor outlived its row
        facts = self._facts[index.row()]
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == Column.USE:
            self.use_toggled.emit(facts.scan_id, Qt.CheckState(value) == Qt.CheckState.Checked)
            return True
        if role == Qt.ItemDataRole.EditRole and index.column() == Column.MODALITY:
            chosen = Modality(value)
            if chosen is not facts.modality or facts.modality_guessed:
                self.modality_chosen.emit(facts.scan_id, chosen)
            return True
        return False

    def _row_changed(self, scan_id: str) -> None:
        row = self.row_of(scan_id)
        if row is not None:
            self._changed(row, row)

    def _changed(self, first: int, last: int) -> None:
        self.dataChanged.emit(self.index(first, 0), self.index(last, len(Column) - 1))

    def _text(self, facts: ScanFacts, column: Column) -> str:
        if column is Column.MODALITY:
            lines = [f"{facts.modality} ?" if facts.modality_guessed else str(facts.modality)]
            lines += (
                [] if facts.anatomy is Anatomy.UNKNOWN else [f"{facts.anatomy}{' ?' if facts.anatomy_guessed else ''}"]
            )
            taken_for = self._recognised.get(facts.scan_id, "")
            return "\n".join([*lines, f"taken for {taken_for}"] if taken_for else lines)
        if column is Column.GEOMETRY:
            return "\n".join(self._geometry_lines(facts))
        if column is Column.WARNINGS:
            return str(len(facts.warnings)) if facts.warnings else ""
        return ""

    def _geometry_lines(self, facts: ScanFacts) -> list[str]:
        head = [facts.plane or ("plane unknown" if facts.kind == "volume" else facts.kind)]
        head += [facts.date] if facts.series_date else []
        lines = [f"{facts.number}  {', '.join(head)}", facts.matrix, facts.spacing]
        if facts.overridden:
            lines.append("used by choice")
        elif not facts.usable:
            lines.append(f"not used: {facts.reason}")
        saw = self.network_saw(facts.scan_id)
        return [*lines, f"{NETWORK_SAW if self._diagnosed else NETWORK_WILL_SEE}{saw}"] if saw else lines

    def _tooltip(self, facts: ScanFacts) -> str:
        guessed = (
            " (guessed from values or names; correct it if it is wrong)"
            if facts.modality_guessed or facts.anatomy_guessed
            else ""
        )
        lines = [f"<b>{escape(f'{facts.modality}, {facts.anatomy}')}</b>{guessed}"]
        if facts.reason:
            by_choice = "Used by choice although: " if facts.overridden else "Not used: "
            lines.append(escape(by_choice + facts.reason))
        lines += [escape(warning) for warning in facts.warnings]
        sentence = self.network_sentence(facts.scan_id)
        lines += [escape(sentence)] if sentence else []
        return "<br>".join(lines)

    def _accessible(self, facts: ScanFacts, column: Column) -> str:
        if column is Column.USE:
            return f"{facts.name}, {'used' if facts.used else 'not used'} in the diagnosis"
        if column is Column.IMAGE:
            return f"picture of {facts.name}"
        if column is Column.WARNINGS:
            return f"{len(facts.warnings)} doubts"
        return self._text(facts, column)
