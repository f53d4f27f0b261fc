"""`pantau attest`: the workbook for officers, and bringing it back in."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from collectors.plain_text import visible_json
from flows.changes_command import DataDir
from flows.places import Places, now

app = typer.Typer(
    no_args_is_help=True,
    help="Signed statements: write the workbook that officers fill in, and bring it back in.",
)


@app.command()
def template(
    out: Annotated[Path, typer.Option("-o", "--output", help="The workbook to write, such as bukti.xlsx.")],
    instrument: Annotated[
        str | None, typer.Option(help="Its id, such as spbe-2020; default the one scored last.")
    ] = None,
    institution: Annotated[str | None, typer.Option(help="Its id, where the copy holds several.")] = None,
    made_by: Annotated[
        str, typer.Option(help="Who hands it out; stands on its first sheet.")
    ] = "Pantau SPBE",
    data_dir: DataDir = Path("data"),
) -> None:
    """Write a workbook with every criterion, how it stands, what is asked, and cells to fill in."""
    from flows.attestation_template import Origin
    from flows.attestation_template import template as workbook
    from transforms.instrument import load_instrument, load_rules
    from warehouse.attestation_view import stand_view
    from warehouse.connection import reading

    with reading(Places(data_dir).published) as connection:
        stand = stand_view(connection, institution, instrument)
    norm = load_instrument(stand.instrument)
    out.write_bytes(workbook(norm, load_rules(norm), stand, Origin(str(uuid.uuid4()), now(), made_by)))
    typer.echo(f"{out}: buku kerja {norm.short_name} untuk {stand.name}")


@app.command(name="import")
def import_(
    workbook: Annotated[Path, typer.Argument(help="The filled workbook.")],
    config: Annotated[Path, typer.Option("--config", help="The institution's file.")],
    files: Annotated[
        Path | None, typer.Option(help="Folder of the evidence files; default the workbook's own.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="The source of attestations, where there are several.")
    ] = None,
    data_dir: DataDir = Path("data"),
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> None:
    """Bring a filled workbook and its evidence files into the archive; refused rows are named by cell."""
    from collectors.archive import Archive
    from flows.attest_import import import_workbook

    archive = Archive(Places(data_dir).archive)
    result = import_workbook(config, workbook, archive, clock=now, files=files, source_id=source)
    if as_json:
        typer.echo(visible_json(json.dumps(asdict(result), ensure_ascii=False, indent=2)))
    else:
        for reject in result.refused:
            typer.echo(f"ditolak  {reject.where}: {reject.reason}", err=True)
        for note in result.notes:
            typer.echo(f"catatan  {note}", err=True)
        again = "" if result.is_new else "; sudah pernah diimpor, tidak ada yang berubah"
        typer.echo(
            f"{workbook}: {result.rows} baris terisi = {result.accepted} diterima + "
            f"{result.rows - result.accepted} ditolak{again}"
        )
        typer.echo(f"lanjutkan: pantau load --config {config}, lalu pantau score dan pantau publish")
    if result.refused:
        raise typer.Exit(1)
