"""Write docs/manifest.schema.json from the records of `tingshuo.store.manifest`."""

import json
from pathlib import Path

from tingshuo.store.manifest import manifest_schema

if __name__ == "__main__":
    target = Path(__file__).parents[1] / "docs" / "manifest.schema.json"
    target.write_text(json.dumps(manifest_schema(), ensure_ascii=False, indent=2) + "\n", "utf-8")
