"""The command that audits evidence files: findings by file, as text or JSON. No arithmetic is here."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.console import count, print_error, print_json
from sim.cli.options import Format
from sim.errors import InvalidDocument, UsageError

if TYPE_CHECKING:
    from sim.evidence.audit.finding import Finding
    from sim.evidence.audit.run import Audit

_WIDEST = 110
_NARROWEST = 60
_MARGIN = " " * 7
_LEVELS = {"hard": "cannot be right as printed", "soft": "odd, or only unlikely", "note": "sound; use the bound"}


def add_to(app: typer.Typer) -> None:
    """Register the command of this file."""
    app.command()(evidence)


def evidence(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATH", help="Evidence files, folders, or names of shipped ones; else all shipped ones."
        ),
    ] = None,
    codes: Annotated[
        bool, typer.Option("--codes", help="List the codes of the audit: which check finds each, or why none can.")
    ] = False,
    form: Format = "text",
) -> None:
    """Audit published figures by arithmetic: what cannot be right as printed, why, and what to use instead.

    Findings are no errors: the exit code is 1 only for files that cannot be used.
    """
    from sim.evidence.audit.run import audit

    audits: list[Audit] = []
    broken: list[InvalidDocument] = []
    for file in dict.fromkeys(_files(paths)):
        try:
            audits.append(audit(file))
        except InvalidDocument as invalid:
            broken.append(invalid)
    if form == "json":
        print_json({"audits": [one.as_dict() for one in audits]})
    else:
        sys.stdout.write("".join(f"{line}\n" for line in (_codes(audits) if codes else _text(audits))))
    if broken:
        print_error(InvalidDocument(problem for invalid in broken for problem in invalid.problems))
        raise typer.Exit(1)


def _files(paths: list[str] | None) -> Iterator[str | Path]:
    from sim.protocol.library import find, names

    if not paths:
        yield from (find(name, "evidence") for name in names("evidence"))
        return
    for path in paths:
        folder = Path(path)
        if not folder.is_dir():
            yield find(path, "evidence")
            continue
        found = sorted(folder.rglob("*.yaml"))
        if not found:
            raise UsageError(f"no YAML file in {path}")
        yield from found


def _width() -> int:
    return min(max(shutil.get_terminal_size((_WIDEST, 24)).columns, _NARROWEST), _WIDEST)


def _codes(audits: list[Audit]) -> Iterator[str]:
    """Every code once: the checks that found it in any file; else why none can, or that none did."""
    stated = {code: found for one in audits for code, found in one.evidence.audit.items()}
    checks = {code: sorted({f.check for one in audits for f in one.found.get(code, ())}) for code in stated}
    found = sum(map(bool, checks.values()))
    computable = {code for one in audits for code, entry in one.evidence.audit.items() if entry.checks is not None}
    yield f"{'code':<6} {'is':<5} {'found by':<32} finding"
    for code in sorted(stated):
        how = ", ".join(checks[code]) or ("nothing" if code in computable else "not computable")
        why = "" if checks[code] or code in computable else f": {stated[code].not_computable}"
        margin = f"{code:<6} {stated[code].severity:<5} "
        indent = " " * (len(margin) + 33)
        words = fill(
            f"{stated[code].title}{why}",
            _width(),
            initial_indent=indent,
            subsequent_indent=indent,
            break_on_hyphens=False,
        )
        ways = how.split(", ")
        lines = words.splitlines()
        for place in range(max(len(ways), len(lines))):
            way = ways[place] if place < len(ways) else ""
            rest = lines[place][len(indent) :] if place < len(lines) else ""
            yield f"{margin if place == 0 else ' ' * len(margin)}{way:<32} {rest}".rstrip()
    yield ""
    yield (
        f"{count(len(stated), 'code')}: {found} found by arithmetic, {len(set(stated) - computable)} not computable, "
        f"{len(computable) - found} computable and not found"
    )


def _text(audits: list[Audit]) -> Iterator[str]:
    for one in audits:
        yield from _of_file(one, _width())
    if len(audits) > 1:
        levels = _levels([finding for one in audits for finding in one.findings])
        records = sum(len(one.evidence.records) for one in audits)
        codes = {code for one in audits for code in one.found}
        yield f"{count(len(audits), 'file')}, {count(records, 'record')}: {levels}; {count(len(codes), 'code')} found"


def _of_file(one: Audit, width: int) -> Iterator[str]:
    heading = f"{one.file}: {one.evidence.title}"
    yield fill(heading, width, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False)
    yield f"  {count(len(one.evidence.records), 'record')}: {_levels(one.findings)}"
    yield ""
    for level, meaning in _LEVELS.items():
        found = [finding for finding in one.findings if finding.level == level]
        found.sort(key=lambda finding: (not finding.codes, finding.codes, finding.position))
        if found:
            yield f"{level}: {meaning}"
            yield ""
        for finding in found:
            yield from _of_finding(finding, width) if level != "note" else _of_note(finding, width)
        if found and level == "note":
            yield ""
    missed = [*_missed(one)]
    if missed:
        yield "not found by arithmetic"
        yield ""
        for code, why in missed:
            yield fill(f"{code:<6} {why}", width, subsequent_indent=_MARGIN, break_on_hyphens=False)
        yield ""


def _of_finding(finding: Finding, width: int) -> Iterator[str]:
    code = " ".join(finding.codes)
    yield f"{code:<6} {finding.title}, line {finding.position.line} ({finding.check})"
    margin = {"initial_indent": _MARGIN, "subsequent_indent": _MARGIN, "break_on_hyphens": False}
    yield fill(finding.arithmetic, width, **margin)  # type: ignore[arg-type]
    yield fill(f"-> {finding.repair}", width, **{**margin, "subsequent_indent": f"{_MARGIN}   "})  # type: ignore[arg-type]
    yield ""


def _of_note(finding: Finding, width: int) -> Iterator[str]:
    words = f"{' '.join(finding.codes):<6} line {finding.position.line}: {finding.arithmetic}; {finding.repair}"
    yield fill(words, width, subsequent_indent=_MARGIN, break_on_hyphens=False)


def _missed(one: Audit) -> Iterator[tuple[str, str]]:
    for code, stated in one.evidence.audit.items():
        if stated.not_computable is not None:
            yield code, f"{stated.title}: {stated.not_computable}"
        elif code in one.not_found:
            yield code, f"{stated.title}: {' and '.join(stated.checks or ())} found nothing"


def _levels(findings: tuple[Finding, ...] | list[Finding]) -> str:
    numbers = {level: sum(finding.level == level for finding in findings) for level in _LEVELS}
    return ", ".join(f"{number} {level}" for level, number in numbers.items() if number) or "nothing found"
