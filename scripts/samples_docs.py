"""The captures that tests/docs/run shows to the examples of docs/adding.md."""

from cast import DATE, case, client, page, server
from wire import ACK, PSH, RST, Capture, Tcp, http_request, http_response


@case('proxy.pcap', folder='tests/docs')
def proxy():
    """An answer that went through a proxy."""
    c = Capture()
    flow = Tcp(c, client(), 50444, server(), 80, rtt=0.0288)
    t = flow.open(0.0)
    flow.send(t + 0.0003, 'up', PSH | ACK, http_request('www.example.com'))
    flow.send(t + 0.0295, 'down', PSH | ACK, http_response('200 OK', DATE + [('Via', '1.1 proxy.example.com')],
                                                           page('Hi', 90)))
    flow.send(t + 0.0296, 'up', ACK)
    flow.close(t + 0.0310)
    return c


@case('rtsp.pcap', folder='tests/docs')
def rtsp():
    """A reset after an RTSP request, and a server that goes on."""
    c = Capture()
    flow = Tcp(c, client(), 50445, server(), 554, rtt=0.0617)
    t = flow.open(0.0)
    flow.send(t + 0.0003, 'up', PSH | ACK, b'OPTIONS rtsp://cam.example.org/live RTSP/1.0\r\nCSeq: 1\r\n\r\n')
    flow.send(t + 0.0096, 'down', RST, ttl=47, window=0, ipid=0x2d07, df=False, forged='forged')
    flow.send(t + 0.0619, 'down', ACK)
    flow.send(t + 0.0655, 'down', PSH | ACK, b'RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: DESCRIBE, SETUP, PLAY\r\n\r\n')
    return c
