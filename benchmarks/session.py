"""A visitor's connection to the page, as the page's own script keeps it."""

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

TIMEOUT_S = 120


def connected(url: str) -> connect:
    """Opens a visit of the page at that address, within an `async with`."""
    address = url.replace("http", "ws", 1) + "/_stcore/stream"
    return connect(address, subprotocols=[Subprotocol("streamlit")], max_size=None)


async def received(socket: ClientConnection) -> bytes:
    """The next message of the page, a `ForwardMsg`."""
    return bytes(await socket.recv(decode=False))
