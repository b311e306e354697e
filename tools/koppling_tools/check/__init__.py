"""Folders of specs to faults: every rule over every file, in parallel, remembered by their contents."""

from koppling_tools.check.editor import check_text
from koppling_tools.check.folders import Checked, check

__all__ = ["Checked", "check", "check_text"]
