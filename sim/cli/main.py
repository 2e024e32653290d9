"""The command `engraft`: its groups of commands, and the way every error leaves it. No command is written here."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from threading import Timer, main_thread
from typing import Annotated, Any, NoReturn

import typer

from sim.cli import designs, evidence, protocols, runs
from sim.cli.console import print_error
from sim.errors import EngraftError, InvalidDocument, UsageError

WRONG, MISUSED, INTERRUPTED = 1, 2, 130
"""Exit codes: what was asked for cannot be done; the command itself was wrong; stopped by Ctrl-C."""

_AGAIN = 0.05  # seconds, in which the callback that dropped it is over

app = typer.Typer(
    name="engraft",
    help="Simulate leukaemia treatment protocols patient by patient, and compare them.\n\n"
    "Synthetic patients; not for the care of patients; doses are not guidance.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
protocols.add_to(app)
evidence.add_to(app)
runs.add_to(app)
designs.add_to(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        from sim import __version__

        typer.echo(f"engraft {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None: ...


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; what a user did wrong is said in words on stderr.

    Parameters
    ----------
    arguments
        The words after ``engraft``.

    Returns
    -------
    int
        0 done; 1 it cannot be done (an invalid document among others); 2 the command was wrong; 130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character shows its number; a name that is not UTF-8 stops nothing.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code: Any = app(args=list(arguments), prog_name="engraft", standalone_mode=False)
    except typer.TyperException as error:
        # Usage errors of the command line show themselves: usage, message and the nearest option or command.
        show = getattr(error, "show", None)
        show() if show else sys.stderr.write(f"engraft: {error}\n")
        return MISUSED
    except EngraftError as error:
        print_error(error)
        return MISUSED if isinstance(error, UsageError) and not isinstance(error, InvalidDocument) else WRONG
    except BrokenPipeError:
        # The reader of a pipe has left (engraft resolve ... | head); Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return WRONG
    except OSError as error:
        sys.stderr.write(f"engraft: {error.filename or 'the system'}: {error.strerror or error}\n")
        return WRONG
    except MemoryError:
        sys.stderr.write("engraft: not enough memory; simulate fewer patients\n")
        return WRONG
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    if code == INTERRUPTED:
        sys.stderr.write("engraft: stopped by Ctrl-C; unfinished results have no manifest.json\n")
    return code if isinstance(code, int) else 0


def heed_lost_interrupt(lost: Any) -> None:
    """Send Ctrl-C again where Python has dropped it (in a callback of the compiler); a `sys.unraisablehook`."""
    if lost.exc_type is not None and issubclass(lost.exc_type, KeyboardInterrupt):
        Timer(_AGAIN, signal.pthread_kill, (main_thread().ident, signal.SIGINT)).start()
    else:
        sys.__unraisablehook__(lost)


def main() -> NoReturn:
    """Entry point of the command line."""
    sys.unraisablehook = heed_lost_interrupt
    sys.exit(run(sys.argv[1:]))
