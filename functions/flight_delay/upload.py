"""Request → a table of flights, from JSON or CSV."""

import csv
from io import StringIO
from itertools import islice

from fastapi import Request
from pydantic import ValidationError

from flight_delay.model import COLUMNS, OPTIONAL, REQUIRED, Table
from flight_delay.schemas import MAX_FLIGHTS, FlightIn, Flights, FlightsIn
from serving.api import InvalidParameter
from serving.body import (
    BodyTooLarge,
    EmptyBody,
    InvalidJson,
    MissingField,
    UnsupportedContentType,
)
from serving.errors import InvalidRequest

# 10 000 flights are 1.3 MB as JSON; Lambda takes 6 MiB of event, in which a body may be base64.
MAX_BODY_BYTES = 4_500_000
MAX_ERRORS = 5
CHARSETS = {"utf-8": "utf-8-sig", "iso-8859-1": "latin-1", "windows-1252": "cp1252"}


class InvalidCsv(InvalidRequest):
    """The body is not CSV, or not in the encoding that its Content-Type says."""

    code = "invalid_csv"


async def read_table(request: Request) -> Table:
    """The flights in ``request``: a JSON list, an object with it as ``flights``, or CSV.

    Raises:
        UnsupportedContentType, EmptyBody, BodyTooLarge, InvalidJson, InvalidCsv, MissingField
        InvalidParameter: no or too many flights, or columns and values of the wrong type.
    """
    content_type, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    content_type = content_type.strip()
    if content_type not in {"application/json", "text/csv"}:
        raise UnsupportedContentType(
            f"Send application/json or text/csv, not {content_type or 'nothing'}."
        )
    body = await request.body()
    if not body.strip():
        raise EmptyBody("The request has no body.")
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLarge(f"The body has {len(body):,} bytes; at most {MAX_BODY_BYTES:,} fit.")
    if content_type == "application/json":
        return _table(_from_json(body))
    return from_csv(_decoded(body, parameters))


def _from_json(body: bytes) -> list[FlightIn]:
    try:
        if body.lstrip()[:1] == b"[":
            return Flights.validate_json(body)
        return FlightsIn.model_validate_json(body).flights
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_context=False, include_input=False)
        if errors[0]["type"] in {"json_invalid", "model_type"}:
            raise InvalidJson("The body is neither a JSON list nor an object.") from exc
        raise InvalidParameter(
            listed([_place(each["loc"]) + each["msg"] for each in errors[:MAX_ERRORS]], len(errors))
        ) from exc


def _table(flights: list[FlightIn]) -> Table:
    return {
        "OPERA": [flight["OPERA"] for flight in flights],
        "MES": [str(flight["MES"]) for flight in flights],
        "TIPOVUELO": [flight["TIPOVUELO"] for flight in flights],
        "DIANOM": [flight.get("DIANOM") for flight in flights],
        "periodo_dia": [flight.get("periodo_dia") for flight in flights],
    }


def _place(location: tuple[int | str, ...]) -> str:
    """Where in the list: ``row 3, column MES: ``, rows counted from 1."""
    parts = [part for part in location if part != "flights"]
    words = [f"row {p + 1}" if isinstance(p, int) else f"column {p}" for p in parts]
    return f"{', '.join(words)}: " if words else "flights: "


def listed(faults: list[str], count: int) -> str:
    """A sentence that names ``faults``, and how many of ``count`` it leaves out."""
    more = [f"and {count - len(faults)} more"] if count > len(faults) else []
    return f"{'; '.join([*faults, *more])}."


def _decoded(body: bytes, parameters: str) -> str:
    charset = parameters.partition("charset=")[2].partition(";")[0].strip(' "') or "utf-8"
    try:
        return body.decode(CHARSETS[charset])
    except KeyError as exc:
        raise UnsupportedContentType(f"CSV is read in {', '.join(CHARSETS)}.") from exc
    except UnicodeDecodeError as exc:
        raise InvalidCsv(
            f"The CSV is not {charset} from byte {exc.start} on; save it as UTF-8 or, if it is "
            "Latin-1, say so: Content-Type: text/csv; charset=iso-8859-1."
        ) from exc


def from_csv(text: str) -> Table:
    """CSV with a header, ``,`` or ``;`` between its cells → a table.

    Blank lines do not count; a blank cell of an optional column is missing.

    Raises:
        InvalidCsv, MissingField, InvalidParameter
    """
    header_line = text.lstrip().partition("\n")[0]
    delimiter = ";" if header_line.count(";") > header_line.count(",") else ","
    lines = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    try:
        header, *rows = [*islice(filter(None, lines), MAX_FLIGHTS + 2)] or [[]]
    except csv.Error as exc:
        raise InvalidCsv(f"The CSV cannot be read: {exc}.") from exc
    header = [name.strip() for name in header]
    _check_header(header)
    if not 1 <= len(rows) <= MAX_FLIGHTS:
        raise InvalidParameter(f"flights: 1 to {MAX_FLIGHTS:,} rows fit in a request.")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise InvalidCsv(f"row {number}: {len(row)} cells, but the header has {len(header)}.")
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    return {name: [cell.strip() or None for cell in cells] for name, cells in columns.items()}


def _check_header(header: list[str]) -> None:
    for column in REQUIRED:
        if column not in header:
            raise MissingField(f"The CSV has no column {column}; its header must name it.")
    for column in header:
        if column not in COLUMNS or header.count(column) > 1:
            raise InvalidParameter(
                f"column {column[:40]!r}: the header may name each of "
                f"{', '.join(REQUIRED)} and, if known, {', '.join(OPTIONAL)} once."
            )
