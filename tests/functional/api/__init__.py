"""The API over moto: in process, through ASGI."""
