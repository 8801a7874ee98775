"""Which disorders to show: words, chapter, top or all."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QWidget

from napari_raddiag.data_models.disorder_filter import TOP
from napari_raddiag.data_models.icd10cm_chapters import Chapter
from napari_raddiag.widgets.choice_list import ChoiceList
from napari_raddiag.widgets.quiet_wheel import QuietWheel


class DisorderFilterBar(QWidget):
    """A line to type in and two lists, side by side."""

    text_changed = Signal(str)
    chapter_changed = Signal(object)
    """Number of the chapter, None for all."""
    top_changed = Signal(object)
    """How many, None for all."""
    focus_released = Signal()
    """A list was chosen from: the focus may go to the image."""

    def __init__(self) -> None:
        super().__init__()
        self.text = QLineEdit()
        self.text.setPlaceholderText("Find a disorder or code")
        self.text.setClearButtonEnabled(True)
        self.text.setAccessibleName("Find a disorder or ICD-10-CM code")
        self.text.setToolTip("Shows disorders whose name or code holds every word, of any rank")
        # A case dropped here is opened by the panel, and not typed in as the names of its files.
        self.text.setAcceptDrops(False)
        self.text.textChanged.connect(self.text_changed)
        self.chapter = ChoiceList()
        self.chapter.setAccessibleName("ICD-10-CM chapter")
        self.chapter.setToolTip("Disorders of one ICD-10-CM chapter; positive ones are shown all the same")
        self.chapter.setMinimumContentsLength(8)
        self.chapter.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.chapter.currentIndexChanged.connect(lambda _row: self.chapter_changed.emit(self.chapter.currentData()))
        self.top = ChoiceList()
        self.top.setAccessibleName("How many disorders")
        self.top.setToolTip("How many disorders are shown; positive ones always are")
        self.top.currentIndexChanged.connect(lambda _row: self.top_changed.emit(self.top.currentData()))
        for choice in (self.chapter, self.top):
            choice.focus_released.connect(self.focus_released)
        QuietWheel(self.chapter, self.top)
        # In one row: what is saved in height goes to the evidence below.
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.text, 3)
        layout.addWidget(self.chapter, 2)
        layout.addWidget(self.top)
        self.set_top(TOP)
        self.show_chapters(())

    def set_top(self, top: int) -> None:
        """Offer this many, or all; says so once."""
        blocker = QSignalBlocker(self.top)
        self.top.clear()
        self.top.addItem(f"Top {top}", top)
        self.top.addItem("All", None)
        blocker.unblock()
        self.top_changed.emit(top)

    def show_chapters(self, chapters: Sequence[Chapter]) -> None:
        """Offer these; the one chosen stays if it is among them, else all chapters are shown."""
        chosen = self.chapter.currentData()
        blocker = QSignalBlocker(self.chapter)
        self.chapter.clear()
        self.chapter.addItem("All chapters", None)
        for row, chapter in enumerate(chapters, start=1):
            self.chapter.addItem(str(chapter), chapter.number)
            self.chapter.setItemData(row, f"Chapter {chapter.number}: {chapter.title}", Qt.ItemDataRole.ToolTipRole)
        row = self.chapter.findData(chosen) if chosen is not None else 0
        self.chapter.setCurrentIndex(max(row, 0))
        blocker.unblock()
        if row < 0:
            self.chapter_changed.emit(None)
