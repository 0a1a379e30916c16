"""The API holds what its description promises: schemathesis asks, in process, rightly and wrongly."""

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.worlds import world

HOME = world(others=("sales",))
schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", HOME.app)


@schema.parametrize()
@settings(max_examples=30, suppress_health_check=list(HealthCheck))
def test_every_answer_is_described(case: schemathesis.Case) -> None:
    # a text of the right length may still be no address, so what the schema takes may be a 422; nothing else may be wrong
    case.call_and_validate(excluded_checks=[positive_data_acceptance])
    assert HOME.errors == []
