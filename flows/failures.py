"""Which errors were foreseen, and what they mean for the exit code. Imported only once something failed."""

from __future__ import annotations

from collectors.certificates import CaFileError
from collectors.evidence import ParseError
from collectors.fetch_error import FetchError
from collectors.institution import ConfigError
from collectors.ledger import ArchiveError
from flows.attest_import import AttestImportError
from flows.changes_command import MomentError
from flows.collect import UnknownSourceError
from flows.compact_command import NoLakeError
from flows.evidence_command import UnknownCaptureError
from flows.explain_command import DossierError
from flows.export_command import ExportUsageError
from flows.levels_file import LevelsFileError
from flows.official_file import OfficialFileError
from flows.prefect_server import PrefectServerError
from flows.serve_command import ServeUsageError
from flows.try_out import UnknownCollectorError
from flows.two_times import TwoTimesError
from flows.work_command import WorkUsageError
from transforms.index import LevelsError
from transforms.instrument import InstrumentError
from transforms.plan_search import PlanError, SolverError
from warehouse.errors import WarehouseError
from warehouse.export import ExportError
from warehouse.extensions import ExtensionError
from warehouse.home import HomeError
from warehouse.operations import OperationError
from warehouse.read import ReadError
from warehouse.rebuild import LakeNotEmptyError
from warehouse.replay import ReplayError
from warehouse.score import ScoreError
from warehouse.serve import ServeError

WRONG_USAGE = (
    AttestImportError,
    ConfigError,
    DossierError,
    ExportError,
    ExportUsageError,
    HomeError,
    InstrumentError,
    LakeNotEmptyError,
    LevelsError,
    LevelsFileError,
    MomentError,
    NoLakeError,
    OfficialFileError,
    PlanError,
    ReadError,
    ServeUsageError,
    TwoTimesError,
    UnknownCaptureError,
    UnknownCollectorError,
    UnknownSourceError,
    WorkUsageError,
)
FAILED = (
    ArchiveError,
    CaFileError,
    ExtensionError,
    FetchError,
    OperationError,
    ParseError,
    PrefectServerError,
    ReplayError,
    ScoreError,
    ServeError,
    SolverError,
    WarehouseError,
    OSError,
)
