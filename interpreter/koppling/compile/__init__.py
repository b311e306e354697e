"""Documents to plans: checked, merged, planned once as JSON."""

from __future__ import annotations

from koppling.compile.check import check_connector, check_example, check_module
from koppling.compile.plan import plan_connector, plan_module
from koppling.compile.prune import well_shaped

__all__ = ["check_connector", "check_example", "check_module", "plan_connector", "plan_module", "well_shaped"]
