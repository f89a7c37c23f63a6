"""Resets and closes that are not what they seem, and what a server sees of them."""

from cast import DATE, case, client, page, server
from wire import ACK, FIN, PSH, RST, SYN, Capture, Host, Tcp, client_hello, http_request, http_response, server_hello


@case()
def rst_in_place():
    """Packets of a living server, turned into resets on the way

    A TLS ClientHello names blocked.example.com. The server's ACK, its answer and four retransmissions of it reach the
    client as RST+ACK without payload: same TTL, IP-ID and timestamps going on from packet to packet, gaps that double as
    a retransmission timer does. A socket that resets does so once and is gone.

    Rewritten: {forged}. ClientHello: {trigger}.
    Expected: rst_rewritten_in_place and tls_sni_rst, one incident, moderately_strong.
    Described by Xue et al. (TSPU, IMC 2022)."""
    c = Capture()
    flow = Tcp(c, client(), 41928, server(), 443, rtt=0.0631)
    t = flow.open(0.0)
    sent = t + 0.0011
    flow.send(sent, 'up', PSH | ACK, client_hello('blocked.example.com'), mark='trigger')
    for after in (0.0640, 0.0661, 0.2680, 0.6720, 1.4800, 3.0960):
        flow.send(sent + after, 'down', RST | ACK, seq=1, options=flow.timestamp(sent + after, 'down'), mark='forged')
    return c


@case()
def fin_then_data():
    """A close, and the sender goes on sending

    24 ms after a TLS ClientHello a FIN arrives at the server's next sequence number. The client closes too. Then the server's
    own answer comes, in the place of the FIN, and the client's closed socket resets it.

    Forged: {forged}. Genuine, after it: {genuine}. ClientHello: {trigger}. The client's own resets: {reset}.
    Expected: fin_injected."""
    c = Capture()
    flow = Tcp(c, client(), 41568, server(), 443, rtt=0.0871)
    t = flow.open(0.0)
    hello = client_hello('blocked.example.com')
    sent = t + 0.0011
    flow.send(sent, 'up', PSH | ACK, hello, mark='trigger')
    flow.send(sent + 0.0242, 'down', FIN | ACK, ttl=95, window=512, ipid=0xe36e, df=False, forged='forged')
    flow.send(sent + 0.0249, 'up', FIN | ACK, ack=2)
    answer = server_hello()
    flow.send(sent + 0.0873, 'down', ACK, ack=1 + len(hello))
    flow.send(sent + 0.0902, 'down', ACK, answer[:1448], ack=1 + len(hello), mark='genuine')
    flow.send(sent + 0.0903, 'up', RST, seq=1 + len(hello), window=0, ipid=0, mark='reset')
    flow.send(sent + 0.0904, 'down', PSH | ACK, answer[1448:], ack=1 + len(hello), mark='genuine')
    flow.send(sent + 0.0905, 'up', RST, seq=1 + len(hello), window=0, ipid=0, mark='reset')
    return c


@case()
def server_view():
    """What a web server sees of clients behind a box

    Three connections, captured at the server. In the first two RST+ACK "from the client" follow its request, with a TTL that the
    client's packets do not have, and the client goes on. In the second the client falls silent behind its
    handshake: its request never arrives. The third is an ordinary one.

    Forged: {forged}. Of the silent client: {silent}.
    Expected: sig_psh_rstack_rstack of the first, raised by the TTL, and data_seq_rst; sig_ack_none, weak, of the second.
    The signatures are those of Sundara Raman et al. (SIGCOMM 2023)."""
    c = Capture()

    def visitor(number):
        return Host('198.51.100.%d' % number, '02:00:00:00:01:01', 51, ipid=0x2200 + number * 77, clock=90000 * number)

    here = Host('192.0.2.80', '02:00:00:00:02:80', 64, ipid=0x6100, clock=4207000, local=True)

    def connect(number, port, start):
        flow = Tcp(c, visitor(number), port, here, 80, rtt=0.00006)
        flow.send(start, 'up', SYN, options=flow.syn_options(start, 'up'), window=64240, seq=0)
        flow.syn_ack(start + 0.00006)
        mark = 'silent' if number == 22 else None
        flow.send(start + 0.0412, 'up', ACK, **({'mark': mark} if mark else {}))
        return flow

    request = http_request('forum.example.net', '/thread/1989')
    answer = http_response('200 OK', DATE, page('Forum', 700))
    one = connect(11, 40111, 0.0)
    one.send(0.0420, 'up', PSH | ACK, request)
    for i in range(2):
        one.send(0.0421 + i * 0.0001, 'up', RST | ACK, ttl=203, window=1480, ipid=0x9d00 + i, forged='forged')
    one.send(0.0836, 'up', PSH | ACK, request)
    two = connect(22, 40222, 0.5)
    three = connect(33, 40333, 1.0)
    three.send(1.0420, 'up', PSH | ACK, request)
    three.send(1.0440, 'down', PSH | ACK, answer)
    three.send(1.0850, 'up', ACK)
    three.send(5.0000, 'up', FIN | ACK)
    three.send(5.0001, 'down', FIN | ACK)
    three.send(5.0412, 'up', ACK)
    assert two
    return c
