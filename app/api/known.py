"""Nothing that is asked for is passed over: a query parameter no route declares is refused."""

from fastapi import Depends, Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute

from app.domain.errors import FieldError, Invalid


def refuse_unknown_parameters(request: Request) -> None:
    """Compare the query with what the route declares.

    Raises:
        Invalid: with a pointer to each parameter that is not declared.
    """
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or not request.query_params:
        return
    known = {field.alias for field in get_flat_params(route.dependant)}
    unknown = [name for name in dict.fromkeys(request.query_params) if name not in known]
    if unknown:
        raise Invalid(
            "A parameter is not known.",
            [FieldError(f"/{name}", "query: is not known here") for name in unknown],
        )


Known = Depends(refuse_unknown_parameters)
