"""What a plan may be asked for beside its floors: questions, ways to serve, measured rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from ncutool.base.amounts import MILLISECONDS, NUMBER, PLAIN, SHARE, WHOLE
from ncutool.commands.options import option
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from ncutool.devices.resolve import Device
    from ncutool.planning.llm import Model
    from ncutool.planning.llm.questions import Wanted
    from ncutool.planning.llm.speculation import Proposing
    from ncutool.planning.llm.usual.reading import Measured
    from ncutool.planning.llm.ways import Divided, Ways

_GIGA = 1e9


class QuestionOptions(Struct, frozen=True):
    """Requests without end, and questions asked backwards."""

    output_tokens: Annotated[
        int | None,
        option(
            words="Length of an answer: adds the most that requests without end get.",
            metavar="TOKENS",
        ),
        WHOLE,
    ] = None
    price: Annotated[
        float | None,
        option(words="Price of one device an hour, with --output-tokens.", metavar="PRICE"),
        PLAIN,
    ] = None
    time_per_token: Annotated[
        float | None,
        option(words="Finds the largest batch that may hold this time, in ms.", metavar="MS"),
        MILLISECONDS,
    ] = None
    time_to_first_token: Annotated[
        float | None,
        option(words="Finds how many prompts may be read at once in this time.", metavar="MS"),
        MILLISECONDS,
    ] = None
    tokens_per_second: Annotated[
        float | None,
        option(
            words="Finds the smallest deployment that may decode at this rate in all.",
            metavar="N",
        ),
        NUMBER,
    ] = None

    def wanted(self) -> Wanted | None:
        """Return what is asked backwards, in SI units; None where nothing is.

        Raises:
            UsageError: there is a price, but no length of an answer.
        """
        if self.price is not None and self.output_tokens is None:
            raise UsageError(
                "--price is that of tokens: say how long answers are with --output-tokens"
            )
        if self.time_per_token is self.time_to_first_token is self.tokens_per_second is None:
            return None
        from ncutool.planning.llm.questions import Wanted

        token_ns, first_ns = (
            None if each is None else 1e6 * each
            for each in (self.time_per_token, self.time_to_first_token)
        )
        return Wanted(token_ns, first_ns, self.tokens_per_second)


class WayOptions(Struct, frozen=True):
    """Further ways to serve a model, and rows of measured times."""

    prefix_share: Annotated[
        float | None,
        option(
            words="Share of each prompt that is in the cache already, e.g. 0.5.", metavar="SHARE"
        ),
        SHARE,
    ] = None
    chunk: Annotated[
        int | None,
        option(
            words="Reads the prompt in chunks of so many tokens beside decode steps; with "
            "--time-per-token finds the largest.",
            metavar="TOKENS",
        ),
        WHOLE,
    ] = None
    propose: Annotated[
        int | None,
        option(
            words="Speculative decoding: tokens proposed for each step, with --acceptance.",
            metavar="N",
        ),
        WHOLE,
    ] = None
    acceptance: Annotated[
        float | None,
        option(
            words="Probability that a proposed token is right if those before it are, as measured.",
            metavar="SHARE",
        ),
        SHARE,
    ] = None
    draft: Annotated[
        str | None,
        option(
            words="What proposes: a preset or a config.json; nothing that costs time without it.",
            metavar="NAME|FILE",
        ),
    ] = None
    mtp: Annotated[
        bool,
        typer.Option("--mtp", help="The model's own layers for multi-token prediction propose."),
    ] = False
    divide: Annotated[
        int | None,
        option(
            words="Divides so many devices into prefill and decode units (--output-tokens too).",
            metavar="N",
        ),
        WHOLE,
    ] = None
    prefill_unit: Annotated[
        str | None,
        option(
            words="A unit that reads prompts, with --divide: 4xh200-sxm, h100-sxm:tp=4,pp=2; the "
            "plan's own devices without it.",
            metavar="UNIT",
        ),
    ] = None
    transfer_link: Annotated[
        float | None,
        option(
            words="GB/s of each device one way between both, e.g. 50 for 400 Gbit/s; their own "
            "links without it.",
            metavar="GB/S",
        ),
        NUMBER,
    ] = None
    efficiency: Annotated[
        Path | None,
        option(
            words="Measured times of single calls, a CSV or a folder of them: what is usual beside "
            "the floors.",
            metavar="FILE",
        ),
    ] = None

    def ways(self) -> Ways | None:
        """Return the ways that are asked for; None where none is.

        Raises:
            UsageError: an option is given without the one that it goes with.
        """
        proposing, divided = self._proposing(), self._divided()
        if all(one is None for one in (self.prefix_share, self.chunk, proposing, divided)):
            return None
        from ncutool.planning.llm.ways import Ways

        return Ways(self.prefix_share, self.chunk, proposing, divided)

    def measured(self, known: tuple[Device, ...]) -> Measured | None:
        """Return the measured rows; None where none were given."""
        if self.efficiency is None:
            return None
        from ncutool.planning.llm.usual.reading import read

        return read(self.efficiency, known)

    def _proposing(self) -> Proposing | None:
        if self.propose is None:
            if self.acceptance is not None or self.draft is not None or self.mtp:
                raise UsageError(
                    "--acceptance, --draft and --mtp are of speculative decoding: say how many "
                    "tokens are proposed with --propose"
                )
            return None
        if self.acceptance is None:
            raise UsageError(
                "--propose: how many tokens are accepted is in no data sheet: give --acceptance, "
                "e.g. 0.7 as your engine reports it"
            )
        from ncutool.planning.llm.speculation import Proposing

        return Proposing(self.propose, self.acceptance, self._draft(), self.mtp)

    def _draft(self) -> Model | None:
        from ncutool.planning import llm

        if self.draft is None:
            return None
        path = Path(self.draft)
        if path.suffix.lower() == ".json" or path.is_file():
            return llm.read_config(path)
        return llm.preset(self.draft)

    def _divided(self) -> Divided | None:
        if self.divide is None:
            if self.prefill_unit is not None or self.transfer_link is not None:
                raise UsageError(
                    "--prefill-unit and --transfer-link are of divided devices: say how many "
                    "with --divide"
                )
            return None
        from ncutool.planning.llm.ways import Divided

        link = None if self.transfer_link is None else _GIGA * self.transfer_link
        return Divided(self.divide, self.prefill_unit, link)
