"""The OpenAPI document taken at its word: whatever it allows or forbids, the answer is one that it declares."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.served import Served, finishing, serving

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
BOUNDED = settings(
    max_examples=10,  # of each operation and mode
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
HANGS = 15  # seconds after which an answer counts as never coming


def tried(served: Served, operation: Any, mode: GenerationMode) -> int:
    """Requests of one operation, against its own description. How many there were."""
    count = 0

    @BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        nonlocal count
        count += 1
        if "job_id" in case.path_parameters and count % 4:  # made-up ids are never those of a job
            case.path_parameters["job_id"] = served.ask()
        response = case.call(base_url=served.address, timeout=HANGS)
        case.validate_response(response, checks=CHECKS)

    with suppress(Unsatisfiable):  # nothing can be wrong with a request that has no parts
        check()
    return count


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.filterwarnings("ignore")  # those of the tool
def test_every_answer_is_one_that_was_declared(tmp_path: Path, mode: GenerationMode) -> None:
    with serving(tmp_path, plays=finishing, heartbeat=0.2, longest_wait=0.2) as served:
        schema = schemathesis.openapi.from_url(f"{served.address}/openapi.json")
        operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
        counts = {operation.label: tried(served, operation, mode) for operation in operations}
    assert len(counts) == 28
    assert sum(counts.values()) >= 100
