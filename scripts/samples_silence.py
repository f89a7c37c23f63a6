"""The cases of silence: addresses that answer nothing, connections that stop, routers that reject."""

import struct

from cast import case, client, server
from samples_tls import passes
from wire import ACK, FIN, PSH, SYN, Capture, Host, Tcp, checksum, filler, http_request, ip_packet, tcp_packet

PROHIBITED = struct.pack('>BBHI', 3, 13, 0, 0)


@case()
def address_blackhole():
    """SYNs that nobody answers, while other servers do

    Six SYNs to 198.51.100.7 in 5 s, as a current Linux repeats them, then the client gives up. A connection to another
    server passes two seconds later.

    The SYNs: {dropped}.
    Expected: ip_blackhole, weak: a host that is down looks the same."""
    c = Capture()
    flow = Tcp(c, client(), 52110, server('198.51.100.7'), 443, rtt=0.05)
    for second in range(6):
        flow.syn(second * 1.02, mark='dropped')
    passes(c, 52122, 7.3, 'control.example.org')
    return c


@case()
def freeze_16kb():
    """A download that stops for good after 16 KB

    Eleven full segments of an answer come, then nothing. Eight seconds later the client gives up; its close is sent
    three times and never acknowledged. The last segment was full-size, so the server was in the middle of something.

    The request: {trigger}. The last packet of the server: {last}.
    Expected: flow_freeze_bytes, weak; no packet is a suspect, the row stands at the last frame before the silence."""
    c = Capture()
    flow = Tcp(c, client(), 52140, server(), 80, rtt=0.05)
    t = flow.open(0.0)
    flow.send(t + 0.001, 'up', PSH | ACK, http_request('slow.example.com', '/big'), mark='trigger')
    flow.send(t + 0.051, 'down', ACK)
    for i in range(11):
        flow.send(t + 0.06 + i * 0.0002, 'down', ACK, filler(1448, i), mark='last' if i == 10 else None)
        flow.send(t + 0.0601 + i * 0.0002, 'up', ACK)
    at = flow.next['up']
    for when in (8.0, 8.26, 8.78):
        flow.send(when, 'up', FIN | ACK, seq=at)
    return c


@case()
def icmp_prohibited():
    """A router says that a policy forbids the connection

    20 ms after the SYN an ICMP error comes from 203.0.113.9, five hops away: communication administratively prohibited. It
    quotes the SYN.

    The error: {reject}. The SYN: {trigger}.
    Expected: icmp_reject, moderate: an explicit statement, of whose policy is not said."""
    c = Capture()
    sender, target = client(), server('198.51.100.7')
    router = Host('203.0.113.9', '02:00:00:00:01:01', 250)
    flow = Tcp(c, sender, 52160, target, 443, rtt=0.05)
    flow.syn(0.0, mark='trigger')
    syn = tcp_packet(sender, 52160, target, 443, flow.isn['up'], 0, SYN, 64240, ttl=59, ipid=sender.ipid)
    body = PROHIBITED + syn[:28]
    body = body[:2] + struct.pack('>H', checksum(body)) + body[4:]
    c.add(0.02, router, sender, ip_packet(router, sender, 1, body), 'reject')
    return c
