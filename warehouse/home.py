"""Where the warehouse of a data folder is, if not in it: its file `pantau.yml` says so.

warehouse: ducklake:postgres:dbname=pantau host=basisdata.contoh.go.id user=pantau
data_path: /srv/pantau/lake
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from warehouse.connection import Home
from warehouse.lake import PREFIX, Lake

_PASSWORD = re.compile(r"\b(ssl)?password\b|://", re.IGNORECASE)


class HomeError(Exception):
    """The file that says where the warehouse is cannot be used; the message says what is wrong with it."""


class _Setting(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    warehouse: str
    data_path: Path | None = None


def read_home(file: Path) -> Home:
    """What `file` says; paths in it are seen from its folder. Raises HomeError, never telling a password."""
    try:
        setting = _Setting.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise HomeError(f"{file}: is not YAML") from error
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'file'}: {one['msg']}" for one in error.errors()
        )
        raise HomeError(f"{file}: {said}") from None
    folder = file.parent.resolve()
    if setting.warehouse.startswith(PREFIX):
        catalog = setting.warehouse.removeprefix(PREFIX).strip()
        if _PASSWORD.search(catalog):
            raise HomeError(
                f"{file}: warehouse: write dbname=... host=... user=... without a password; it comes from "
                "PGPASSWORD or ~/.pgpass"
            )
        if setting.data_path is None:
            raise HomeError(
                f"{file}: data_path: is missing; name the folder of Parquet files that every machine sees"
            )
        return Lake(catalog, folder / setting.data_path, folder)
    if setting.warehouse.startswith("ducklake:") or setting.data_path is not None:
        raise HomeError(
            f"{file}: warehouse: write the path of a DuckDB file, or {PREFIX}dbname=... with a data_path"
        )
    return folder / setting.warehouse
