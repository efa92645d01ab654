"""Nothing that is asked for is passed over: a query parameter no route declares is refused."""

from collections import Counter
from typing import get_origin

from fastapi import Depends, Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute

from app.domain.errors import FieldError, Invalid


def refuse_unknown_parameters(request: Request) -> None:
    """Compare the query with what the route declares.

    Raises:
        Invalid: with a pointer to each parameter that is not declared, or is given twice.
    """
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or not request.query_params:
        return
    known = {field.alias: field for field in get_flat_params(route.dependant)}
    faults = [
        FieldError(f"/{name}", "query: is not known here")
        for name in dict.fromkeys(request.query_params)
        if name not in known
    ]
    faults += [
        FieldError(f"/{name}", "query: is given more than once")
        for name, times in Counter(name for name, _ in request.query_params.multi_items()).items()
        if times > 1 and name in known and get_origin(known[name].field_info.annotation) is not list
    ]
    if faults:
        raise Invalid("A parameter is not known, or stands there twice.", faults)


Known = Depends(refuse_unknown_parameters)
