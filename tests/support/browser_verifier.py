"""The verifier of bundles for the browser: `python -m tests.support.browser_verifier` writes the hashes of its script and style
into its policy, after a change."""

import base64
import re
from hashlib import sha256
from pathlib import Path

PAGE = Path(__file__).parents[2] / "static" / "verifier" / "verify_bundle.html"


def allow_own_parts(page: str) -> str:
    """The page with a policy that allows exactly the script and the style that are in it."""
    for name in ("script", "style"):
        (part,) = re.findall(f"<{name}>(.*?)</{name}>", page, re.DOTALL)
        digest = base64.b64encode(sha256(part.encode()).digest()).decode()
        page = re.sub(f"{name}-src 'sha256-[^']*'", f"{name}-src 'sha256-{digest}'", page)
    return page


if __name__ == "__main__":
    PAGE.write_text(allow_own_parts(PAGE.read_text()))
