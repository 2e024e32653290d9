"""What is wrong with YAML text, in our words: characters that have no place in it, and the parsers' complaints."""

from __future__ import annotations

import re

import yaml

from sim.errors import Position, Problem
from sim.protocol.wording import shown

NOT_TEXT = re.compile(r"[^\n\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_INDENTING_TAB = re.compile(r"^ *\t", re.MULTILINE)
COLON = "found a colon right before a bracket or comma; write a blank after the colon"
"""Also said by the reader, because only one of the parsers refuses this."""

_DIRECTIVE = re.compile(r"^%", re.MULTILINE)


def check_characters(text: str, file: str, path: str, first_column: int = 1) -> tuple[str, list[Problem], bool]:
    """Look for control characters, tabs and directives before parsing.

    The two parsers disagree on tabs, on unknown directives and on what ends a line, and other programs count lines
    by line feeds only: hence all of these are refused.

    Returns
    -------
    The text with tabs turned to blanks, the problems, and whether parsing is of no use.
    """
    problems: list[Problem] = []

    def found(pattern: re.Pattern[str], message: str) -> bool:
        places = list(pattern.finditer(text))
        if not places:
            return False
        at = places[0].end() - 1
        line = text.count("\n", 0, at)
        column = at - (text.rfind("\n", 0, at) + 1) + (first_column if line == 0 else 1)
        more = f" (and {len(places) - 1} more)" if len(places) > 1 else ""
        code = f"U+{ord(text[at]):04X}"
        problems.append(Problem(Position(file, line + 1, column), path, message.format(code=code, more=more)))
        return True

    if found(NOT_TEXT, "found the control character {code}{more}; a document is plain UTF-8 text"):
        return text, problems, True
    if found(_INDENTING_TAB, "found a tab for indentation{more}; indent with blanks"):
        return text, problems, True
    found(re.compile("\t"), 'found a tab{more}; write a blank, or "\\t" in double quotes where a tab is meant')
    directive = found(_DIRECTIVE, "found a line that starts with %{more}; directives have no place here")
    return text.replace("\t", " "), problems, directive


def syntax_problem(error: yaml.MarkedYAMLError, lines: list[str]) -> tuple[int, int, str]:
    """Line and column (from 0) and one short sentence for a complaint of either parser."""
    mark = error.problem_mark or error.context_mark
    opened = error.context_mark or mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    first_line, first_column = (opened.line, opened.column) if opened else (0, 0)
    problem, context = str(error.problem or ""), str(error.context or "")
    rest = _text_at(lines, line, column)
    if "quoted scalar" in context and ("end of stream" in problem or "document" in problem):
        quote = _text_at(lines, first_line, first_column)[:1]
        return first_line, first_column, f"found no closing {quote} for this quote; close it"
    if "unexpected ':'" in problem:
        return line, column, COLON
    if "quoted scalar" in context:
        escape = _text_at(lines, line, 0)[:column].rfind("\\")
        column = column if rest.startswith("\\") or escape < 0 else escape
        word = _text_at(lines, line, column)[:2]
        return line, column, f'found the unknown escape {word} in double quotes; write "\\\\" for a backslash'
    if "',' or ']'" in problem or "',' or '}'" in problem:
        return _flow(lines, line, column, first_line, first_column)
    if "cannot start any token" in problem:
        return line, column, f"found a value that starts with {rest[:1]}; put such text in quotes"
    if "alphabetic or numeric" in problem or "anchor" in context or "alias" in context:
        sign = _text_at(lines, first_line, first_column)[:1]
        return first_line, first_column, f"found a value that starts with {sign}; put such text in quotes"
    if "tag" in context or "tag" in problem:
        return first_line, first_column, "found a value that starts with !; put such text in quotes"
    if "could not find expected ':'" in problem:
        word = shown(_text_at(lines, first_line, first_column).rstrip())
        return first_line, first_column, f'found {word} without a colon; write "key: value"'
    if "mapping values are not allowed" in problem:
        return line, column, 'found a second ": " in a value; put the text in quotes, or check the indentation'
    if "sequence entries are not allowed" in problem:
        return line, column, 'found "- " in the middle of a line; begin the list on a line of its own'
    if "mapping keys are not allowed" in problem:
        return line, column, 'found "? " at the start of a value; put the text in quotes'
    if "block scalar" in context:
        return line, column, f"found {shown(rest)} after | or >; begin the text on the next line"
    if "node content" in problem:
        found = f"found {shown(rest[:1])} where a value is due" if rest else "found the end of the line"
        return line, column, f"{found}; write the value"
    if "document start" in problem:
        return line, column, "found text after the end of the document; keep one document in a file"
    return line, column, _misfit(lines, line, column)


def _text_at(lines: list[str], line: int, column: int) -> str:
    return lines[line][column:] if line < len(lines) else ""


def _flow(lines: list[str], line: int, column: int, first_line: int, first_column: int) -> tuple[int, int, str]:
    opening = _text_at(lines, first_line, first_column)[:1]
    closing = {"[": "]", "{": "}"}.get(opening, "]")
    found = _text_at(lines, line, column)[:1]
    if line != first_line or not found:
        return first_line, first_column, f"found no {closing} that closes this {opening}; close it, or check its commas"
    return line, column, f"found {shown(found)} where a comma or {closing} is due; check commas, brackets and quotes"


def _misfit(lines: list[str], line: int, column: int) -> str:
    rest = _text_at(lines, line, column)
    before = _text_at(lines, line, 0)[:column].strip(" ")
    if before and before != "-":
        return f"found {shown(rest)} after a complete value; put the whole value in quotes, or check the brackets"
    if rest.startswith(":"):
        return "found no key before the colon; write a key"
    if rest.startswith("- "):
        return "found a list item among keys; give the list a key, or check the indentation"
    return "found a line that does not fit those above; check its indentation"
