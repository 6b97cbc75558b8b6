"""The command line: `python -m inference`, or `digit-recognizer` where the wheel is installed."""

import argparse
import contextlib
import io
import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO, TypeAlias

from .. import __version__
from ..errors import InferenceError, InvalidImageError
from ..image.documents import pages
from ..image.picture import ImageSource
from ..number import Number
from ..prediction import Prediction
from ..recognizer import DigitRecognizer
from .progress import Progress
from .rows import RESULT_STARTS, Write, comma_separated, json_lines, printable, table
from .serve import serve
from .sources import STANDARD_INPUT, find_images, image_suffixes

# Exit codes; the last two are a shell's for a command that such a signal has ended.
ALL_DONE, SOME_FAILED, CANNOT_WORK, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 130, 141

_Result: TypeAlias = Prediction | list[Number] | InvalidImageError

_EPILOG = f"""\
`serve` in place of images starts a server that reads what it is sent; `serve --help` tells more. A
file of that name is ./serve.

What the model is unsure of has a question mark. An image that cannot be read has a row without a
result, is reported on standard error, and the rest goes on.

exit codes: {ALL_DONE} all images were read, {SOME_FAILED} some could not be, {CANNOT_WORK} the \
arguments, the model or the
output cannot be used, {INTERRUPTED} stopped by Ctrl-C, {PIPE_CLOSED} nobody reads the output any \
more.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Recognizes the images that the arguments name, and prints the results.

    Args:
        arguments: Without the command's own name; None takes those of the process.

    Returns:
        The exit code.
    """
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["serve"]:
        return _serve(words[1:])
    parser = _parser()
    options = parser.parse_args(words)
    if options.output and _is_precious(options.output):
        parser.error(
            f"the output {options.output} would overwrite what is no earlier result; "
            "name another file, or remove this one"
        )
    # A stream that was closed before the start is None. Nothing can be read from it then, and no
    # complaint is seen, but results must not be lost without a word.
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: PTH123, SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115
    if not (options.output or sys.stdout):
        _report("standard output is closed; open it, or name a file by --output")
        return CANNOT_WORK
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # Print file names of any encoding as they are.
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    try:
        recognizer = DigitRecognizer(options.model)
        with _open_output(options.output) as output:
            write = options.format(output, of_numbers=options.number)
            try:
                return _recognize(recognizer, options, write)
            except KeyboardInterrupt:
                return INTERRUPTED
            finally:
                output.flush()
    except BrokenPipeError:
        # What Python still holds for standard output must not be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except (InferenceError, OSError) as error:
        _report(str(error))
        return CANNOT_WORK


def _serve(words: Sequence[str]) -> int:
    try:
        serve(f"{_called()} serve", words)
    except (InferenceError, ModuleNotFoundError) as error:
        _report(str(error))
        return CANNOT_WORK
    return ALL_DONE


def _called() -> str:
    """What a user calls this command by, and this package."""
    name = Path(sys.argv[0]).name
    return f"python -m {__name__.partition('.')[0]}" if name == "__main__.py" else name


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_called(),
        description="Recognizes handwritten digits on images.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "images",
        nargs="+",
        metavar="IMAGE",
        help='a file, a folder with all folders inside it, a pattern in quotes like "**/*.png", '
        f"or {STANDARD_INPUT} for one image from standard input",
    )
    parser.add_argument(
        "-n",
        "--number",
        action="store_true",
        help="read all numbers on each image, a row for each, not one digit",
    )
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument(
        "--json",
        dest="format",
        action="store_const",
        const=json_lines,
        help="print JSON lines, everything that is known about a result on each",
    )
    formats.add_argument(
        "--csv", dest="format", action="store_const", const=comma_separated, help="print CSV"
    )
    parser.set_defaults(format=table)
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write to a file instead of standard output"
    )
    parser.add_argument(
        "-t",
        "--threads",
        type=_count,
        default=1,
        metavar="N",
        help="use so many processor cores for digits (default: %(default)s)",
    )
    parser.add_argument(
        "--model", metavar="FILE", help="use another digits.onnx, its .json beside it"
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return int(text)


def _is_precious(output: str) -> bool:
    """Whether an output is an image, as the first one is in `-o *.png`, or any foreign file."""
    if Path(output).suffix.lower() in image_suffixes():
        return True
    start = b""
    # What cannot be read is not written either, which is told then. A pipe must not be read.
    with contextlib.suppress(OSError, ValueError):
        if Path(output).is_file():
            with open(output, "rb") as file:  # noqa: PTH123 — as it is opened to write
                start = file.read(max(map(len, RESULT_STARTS)))
    return bool(start) and not start.startswith(RESULT_STARTS)


def _open_output(path: str | None) -> contextlib.AbstractContextManager[TextIO]:
    if path is None:
        return contextlib.nullcontext(sys.stdout)
    return open(  # noqa: PTH123 — the caller closes it
        path, "w", encoding="utf-8", errors="surrogateescape", newline=""
    )


def _recognize(recognizer: DigitRecognizer, options: argparse.Namespace, write: Write) -> int:
    failures = 0
    progress = _progress(options)

    def tell(name: str, message: str) -> None:
        progress.clear()
        _report(f"{name}: {message}")

    try:
        for name, source, result in _in_order(recognizer, options, progress):
            if isinstance(result, InvalidImageError):
                failures += 1
                tell(name, str(result))
                write(name, str(result))
            elif isinstance(result, Prediction):
                write(name, result)
                # Several digits hardly ever look like a sure one, which needs no second look.
                if not result.is_digit and _holds_several_digits(recognizer, source):
                    tell(name, "seems to hold several digits; --number reads them all")
            else:
                for row in result or ["no number was found on the image"]:
                    write(name, row)
    finally:
        progress.clear()
    return SOME_FAILED if failures else ALL_DONE


def _in_order(
    recognizer: DigitRecognizer, options: argparse.Namespace, progress: Progress
) -> Iterator[tuple[str, ImageSource, _Result]]:
    """Each name, the image that it stands for, and what was read there or is wrong with it."""
    waiting: deque[tuple[str, ImageSource, InvalidImageError | None]] = deque()

    def complain(name: str, message: str) -> None:
        waiting.append((name, name, InvalidImageError(message)))

    def images() -> Iterator[ImageSource]:
        for name in find_images(options.images, complain):
            try:
                for page_name, page in pages(_source(name), name):
                    waiting.append((page_name, page, None))
                    yield page
            except InvalidImageError as error:
                complain(name, str(error))

    def complaints() -> Iterator[tuple[str, ImageSource, InvalidImageError]]:
        while waiting and (error := waiting[0][2]):
            name, source, _ = waiting.popleft()
            yield name, source, error

    for result in _results(recognizer, images(), options):
        yield from complaints()
        name, source, _ = waiting.popleft()
        yield name, source, result
        progress.advance()
    yield from complaints()


def _results(
    recognizer: DigitRecognizer, images: Iterable[ImageSource], options: argparse.Namespace
) -> Iterator[_Result]:
    if not options.number:
        yield from recognizer.predict_stream(images, threads=options.threads, return_errors=True)
        return
    for image in images:
        try:
            yield recognizer.read_numbers(image)
        except InvalidImageError as error:
            yield error


def _source(name: str) -> ImageSource:
    """What the recognizer reads; standard input is kept for a second look."""
    if name != STANDARD_INPUT:
        return name
    with contextlib.suppress(OSError):  # The recognizer will say what is wrong with it.
        return io.BytesIO(sys.stdin.buffer.read())
    return sys.stdin.buffer


def _holds_several_digits(recognizer: DigitRecognizer, image: ImageSource) -> bool:
    """A hint only: where numbers cannot be read, there is none."""
    try:
        return sum(len(number.digits) for number in recognizer.read_numbers(image)) > 1
    except InferenceError:
        return False


def _progress(options: argparse.Namespace) -> Progress:
    """A bar if standard error is a terminal on which no results appear."""
    on_terminal = sys.stderr.isatty() and (options.output or not sys.stdout.isatty())
    total = sum(1 for _ in find_images(options.images)) if on_terminal else 0
    return Progress(total, sys.stderr if on_terminal else None)


def _report(message: str) -> None:
    sys.stderr.write(printable(message) + "\n")
