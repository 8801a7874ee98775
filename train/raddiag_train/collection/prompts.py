"""The two questions that an article is asked about: the same in meaning, not in wording (section 3, figure 3a).

The paper prints its prompts as a picture only; these are ours. What counts as a disorder follows its footnote 1.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from raddiag_train.collection.article import Article

Messages = list[dict[str, str]]
_THOUGHTS = re.compile(r"<think>.*?</think>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Prompt:
    """One wording of the question whether an article is about a disorder.

    Attributes:
        name: Of the wording.
        instruction: Message of the system.
        question: Stands before the article.
        positive: The word that says it is about a disorder.
        negative: The word that says it is not.
    """

    name: str
    instruction: str
    question: str
    positive: str
    negative: str

    @property
    def id(self) -> str:
        """Name and a hash of the wording: another wording is another prompt."""
        wording = "\n".join((self.instruction, self.question, self.positive, self.negative))
        return f"{self.name}@{hashlib.sha256(wording.encode()).hexdigest()[:8]}"

    def messages(self, article: Article, text_characters: int) -> Messages:
        """What is sent: the question, and of the article the title and the beginning of its text. Nothing else."""
        text = article.text.strip()[:text_characters]
        asked = f'{self.question}\n\nTitle: {article.title}\nText:\n"""\n{text}\n"""'
        return [{"role": "system", "content": self.instruction}, {"role": "user", "content": asked}]

    def answer_of(self, reply: str) -> bool | None:
        """True for a disorder, False for none, None if the reply is neither the one word nor the other.

        A sentence after the word is taken as well, unless the other word stands in it.
        """
        words = re.findall(r"[^\W_]+", _THOUGHTS.sub(" ", reply).casefold())
        if not words or words[0] not in (self.positive, self.negative):
            return None
        other = self.negative if words[0] == self.positive else self.positive
        return None if other in words else words[0] == self.positive


PROMPTS = (
    Prompt(
        "is-it-a-disorder",
        "You sort articles of a radiology encyclopaedia. Answer with one word, yes or no.",
        "Is the subject of this article a disorder that a patient can be diagnosed with? Disorders are abnormalities, "
        "syndromes, injuries, poisonings, signs, symptoms, findings and diseases. Anatomy, imaging techniques, "
        "staging systems, mnemonics, devices, people and normal variants without consequence are not.",
        "yes",
        "no",
    ),
    Prompt(
        "disorder-or-other",
        "You are a radiologist who labels encyclopaedia entries. Reply with a single word: disorder or other.",
        "Decide what the entry below describes. Reply disorder if a radiologist could write it down as what is wrong "
        "with a patient: a disease, an injury, a malformation, a syndrome, a symptom, a pathological sign. Reply other "
        "for anything else, such as a body part, a method, a classification, a piece of equipment or a healthy state.",
        "disorder",
        "other",
    ),
)
