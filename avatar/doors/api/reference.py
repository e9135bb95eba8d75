"""The page `/docs`: the API's description for people, made of `/openapi.json` by the browser. Knows no route.

Nothing of it comes from elsewhere.
"""

from pathlib import Path

from fastapi import APIRouter
from starlette.responses import HTMLResponse

PAGE = Path(__file__).with_name("reference.html")
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)

router = APIRouter(include_in_schema=False)


@router.get("/docs")
@router.head("/docs")
def docs() -> HTMLResponse:
    """The page."""
    return HTMLResponse(PAGE.read_text("utf-8"), headers={"Content-Security-Policy": POLICY})
