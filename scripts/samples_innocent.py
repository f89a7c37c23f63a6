"""The near misses: nobody interfered, though it looks so. Nothing may be said of them."""

import struct

from cast import (DATE, case, client, server, resolver, page)
from wire import (ACK, PSH, RAW, RST, SLL2, SYN, Capture, Host, Tcp, checksum, client_hello, dns_answer, dns_query,
                  filler, http_request, http_response, server_hello, udp_packet)


@case()
def ordinary_close():
    """Resets that every network is full of

    Two connections. In the first the client closes with unread data in its buffer, and its stack answers each further
    segment of the server with a bare RST at the number that segment acknowledged. In the second the server closes
    with an unread request: one RST+ACK at its own next sequence number, with its usual TTL and the next IP-ID.

    Resets, all genuine: {reset}.
    Expected: one weak symptom, http_host_rst of frame 25; nothing of the first connection."""
    c = Capture()
    flow = Tcp(c, client(), 50100, server(), 80, rtt=0.0310)
    t = flow.open(0.0)
    sent = t + 0.0003
    request = http_request('video.example.com', '/clip.mp4')
    flow.send(sent, 'up', PSH | ACK, request)
    answer = http_response('200 OK', [('Content-Type', 'video/mp4')], filler(60000, 5))
    flow.send(sent + 0.0312, 'down', ACK)
    for i in range(4):
        flow.send(sent + 0.0340 + i * 0.0001, 'down', ACK, answer[i * 1448:(i + 1) * 1448])
    flow.send(sent + 0.03415, 'up', ACK, ack=1 + 2 * 1448)
    flow.send(sent + 0.0351, 'up', RST | ACK, options=flow.timestamp(sent + 0.0351, 'up'), mark='reset')
    for i in range(4, 8):
        flow.send(sent + 0.0650 + i * 0.0001, 'down', ACK, answer[i * 1448:(i + 1) * 1448])
        flow.send(sent + 0.06504 + i * 0.0001, 'up', RST, seq=1 + len(request), window=0, ipid=0, mark='reset')

    other = Tcp(c, flow.ends['up'][0], 50101, server('192.0.2.81', ipid=0x1200), 80, rtt=0.0310)
    t = other.open(1.0)
    other.send(t + 0.0003, 'up', PSH | ACK, http_request('api.example.com', '/v1'))
    other.send(t + 0.0315, 'down', ACK)
    other.send(t + 0.0322, 'down', RST | ACK, options=other.timestamp(t + 0.0322, 'down'), mark='reset')
    return c


@case()
def retransmissions():
    """The same bytes again, cut differently

    A download in which two segments were lost behind the capture point and come again, cut at other places; then an
    idle time with a keep-alive that carries the old style's one byte of garbage; then the client's window closes and
    the server probes it with the next genuine byte. All overlaps say the same, the garbage byte apart, which no
    receiver ever delivers.

    Sent again: {again}. Keep-alive with a garbage byte: {keepalive}. Window probe: {probe}.
    Expected: no row."""
    c = Capture()
    flow = Tcp(c, client(), 50210, server(), 80, rtt=0.0402)
    t = flow.open(0.0)
    sent = t + 0.0003
    request = http_request('www.example.com', '/manual.txt')
    flow.send(sent, 'up', PSH | ACK, request)
    answer = http_response('200 OK', [('Content-Type', 'text/plain')], page('Manual', 7900))

    def piece(when, start, end, **kw):
        flow.send(when, 'down', ACK, answer[start:end], seq=1 + start, **kw)
    flow.send(sent + 0.0404, 'down', ACK)
    for i, (start, end) in enumerate(((0, 1000), (1000, 2000), (2000, 3000), (3000, 4000))):
        piece(sent + 0.0410 + i * 0.0001, start, end)
    flow.send(sent + 0.0416, 'up', ACK, ack=1001)
    piece(sent + 0.2830, 1000, 2448, mark='again')
    piece(sent + 0.2831, 2448, 3896, mark='again')
    flow.send(sent + 0.2833, 'up', ACK)
    piece(sent + 0.3250, 3896, 5000)
    flow.send(sent + 0.3251, 'up', ACK, window=0)
    piece(sent + 0.5650, 5000, 5001, mark='probe')
    flow.send(sent + 0.5651, 'up', ACK, ack=5001, window=0)
    flow.send(sent + 0.9000, 'up', ACK, ack=5001)
    piece(sent + 0.9404, 5000, 6448)
    piece(sent + 0.9405, 6448, 7896)
    piece(sent + 0.9406, 7896, len(answer))
    flow.send(sent + 0.9407, 'up', ACK)
    flow.send(sent + 30.9407, 'up', ACK, b'\0', seq=len(request), mark='keepalive')
    flow.send(sent + 30.9810, 'down', ACK)
    flow.send(sent + 60.9812, 'down', ACK, b'\0', seq=len(answer), mark='keepalive')
    flow.send(sent + 60.9813, 'up', ACK)
    flow.close(sent + 61.5)
    return c


@case()
def span_duplicates():
    """A mirror port that sees everything twice

    The switch copies what enters and what leaves the router: each packet is in the file twice within 0.03 ms, the
    second time with the link addresses of the other side and a TTL one lower. The client aborts the download with a
    reset, so the resets come twice as well. Copies are no second packet.

    Copies: {copy}.
    Expected: no row."""
    c = Capture()
    flow = Tcp(c, client(), 50333, server(), 80, rtt=0.0288)
    t = flow.open(0.0)
    sent = t + 0.0003
    request = http_request('www.example.com', '/big')
    flow.send(sent, 'up', PSH | ACK, request)
    answer = http_response('200 OK', DATE, filler(9000, 3))
    flow.send(sent + 0.0290, 'down', ACK)
    for i in range(4):
        flow.send(sent + 0.0300 + i * 0.0001, 'down', ACK, answer[i * 1448:(i + 1) * 1448])
    flow.send(sent + 0.0306, 'up', RST | ACK, options=flow.timestamp(sent + 0.0306, 'up'))
    flow.send(sent + 0.0592, 'down', ACK, answer[4 * 1448:5 * 1448])
    flow.send(sent + 0.05926, 'up', RST, seq=1 + len(request), window=0, ipid=0)
    for when, _, frame, _, _ in list(c.frames):
        ip = bytearray(frame[14:])
        ip[8] -= 1
        ip[10:12] = b'\0\0'
        ip[10:12] = struct.pack('>H', checksum(bytes(ip[:20])))
        c.frames.append((when + 0.00003, len(c.frames), b'\x02\x00\x00\x00\x02\x02\x02\x00\x00\x00\x02\x01' +
                         frame[12:14] + bytes(ip), 'copy', 0))
    return c


@case()
def dns_odd_but_honest():
    """A resolver with a bad day

    Queries and answers are lost and repeated, a zone fails with SERVFAIL and works a second later, a search list asks for
    a name that does not exist before the right one, and one answer in four comes from another machine of the
    resolver, two hops further away.

    Lost: {lost}. Failed, then answered: {servfail}. Search list: {search}. The other machine: {other}.
    Expected: no row."""
    c = Capture()
    me, dns = client(), resolver('9.9.9.9', ttl=55)

    def ask(when, txid, name, mark=None, flags=0x8180, addresses=('192.0.2.33',), lost=False, **ip):
        c.add(when, me, dns, udp_packet(me, 40000 + txid, dns, 53, dns_query(txid, name)), mark)
        if not lost:
            c.add(when + 0.03, dns, me, udp_packet(dns, 53, me, 40000 + txid, dns_answer(
                txid, name, addresses, flags=flags), **ip), mark)
    ask(0.0, 1, 'www.example.net')
    ask(1.0, 2, 'www.example.org', 'lost', lost=True)
    ask(3.0, 2, 'www.example.org', 'lost', lost=True)
    ask(5.0, 2, 'www.example.org')
    ask(6.0, 3, 'zone.example.com', 'servfail', flags=0x8182, addresses=())
    ask(7.0, 4, 'zone.example.com', 'servfail')
    ask(8.0, 5, 'www.example.com.office.example.org', 'search', flags=0x8183, addresses=())
    ask(8.1, 6, 'www.example.com', 'search')
    ask(9.0, 7, 'cdn.example.net', 'other', addresses=('198.51.100.7',), ttl=53, ipid=0x1111)
    ask(10.0, 8, 'mail.example.net')
    return c


@case(linktype=SLL2)
def dns_cdn_rotation():
    """Many answers, all honest

    A client's query is answered late, so it asks again, and gets an answer to each: the content network rotates its
    addresses, and the two answers share none. Then a multicast query for a printer is answered by three machines.
    Link type: Linux cooked, version 2.

    Asked again: {again}. Answers of the content network: {answer}. Multicast answers: {mdns}.
    Expected: no row."""
    c = Capture(SLL2)
    me, dns = client(), resolver('9.9.9.9', ttl=55)
    name = 'static.cdn.example.com'
    for when in (0.0, 1.001):
        c.add(when, me, dns, udp_packet(me, 33810, dns, 53, dns_query(0x2f01, name)), 'again' if when else None)
    for when, addresses in ((1.052, ['192.0.2.10', '192.0.2.11']), (1.081, ['198.51.100.10', '198.51.100.11'])):
        c.add(when, dns, me, udp_packet(dns, 53, me, 33810, dns_answer(0x2f01, name, addresses, ttl=20)), 'answer')
    group = Host('224.0.0.251', '01:00:5e:00:00:fb', 255)
    printer = '_ipp._tcp.local'
    c.add(5.0, me, group, udp_packet(me, 5353, group, 5353, dns_query(0, printer, qtype=12), ttl=255))
    for i in range(3):
        peer = Host('192.168.1.%d' % (40 + i), '02:00:00:00:01:%02x' % (40 + i), 255, ipid=0x100 * i)
        c.add(5.02 + i * 0.004, peer, group, udp_packet(peer, 5353, group, 5353, dns_answer(
            0, 'printer-%d.local' % i, ['192.168.1.%d' % (40 + i)], ttl=120, flags=0x8400, question=False)), 'mdns')
    return c


@case()
def split_dns():
    """A private address, meant so

    The resolver of the home network answers a public-looking name with an address of the same network: a machine at
    home that is reached under its own name. The other query shows the resolver's usual work.

    Private answer: {private}.
    Expected: no row."""
    c = Capture()
    me, dns = client(), Host('192.168.1.1', '02:00:00:00:01:01', 64, ipid=0x0500)
    for i, (name, address) in enumerate((('www.example.com', '192.0.2.33'),
                                         ('nas.family.example.net', '192.168.1.40'))):
        c.add(i * 0.5, me, dns, udp_packet(me, 36100 + i, dns, 53, dns_query(0x7100 + i, name)))
        c.add(i * 0.5 + 0.0006, dns, me, udp_packet(dns, 53, me, 36100 + i,
                                                    dns_answer(0x7100 + i, name, [address], ttl=60)),
              'private' if i else None)
    return c


@case()
def load_balancer_synack():
    """A second SYN, another member of the cluster

    The first SYN/ACK is slow, the client sends its SYN again, and the balancer hands the copy to another machine,
    which chooses another sequence number. The client stays with the first.

    SYN sent again: {again}. Second SYN/ACK: {second}.
    Expected: no row."""
    c = Capture()
    flow = Tcp(c, client(), 44820, server(), 80, rtt=0.0290)
    flow.syn(0.0)
    flow.syn(1.0103, mark='again')
    flow.syn_ack(1.0391)
    flow.send(1.03918, 'up', ACK)
    flow.send(1.0395, 'up', PSH | ACK, http_request('www.example.com'))
    other = 0x11220000 - 0x9c410000
    flow.send(1.0398, 'down', SYN | ACK, seq=other, ack=1, options=flow.syn_options(1.0398, 'down'), window=65160,
              ipid=0,
              forged='second')
    flow.send(1.03985, 'up', ACK)
    flow.send(1.0686, 'down', ACK)
    flow.send(1.0711, 'down', PSH | ACK, http_response('200 OK', DATE, page('Welcome', 200)))
    flow.send(1.0712, 'up', ACK)
    flow.close(1.0734)
    return c


@case('capture.pcapng', interfaces=['eth0', 'wlan0'])
def happy_eyeballs():
    """The loser of a race between address families

    The client opens the site over IPv6 and, 250 ms later, over IPv4. IPv4 answers first and is used; the late SYN/ACK
    over IPv6 is reset. The two families were captured on two interfaces of one pcapng file.

    The loser's reset: {reset}.
    Expected: no row. RFC 8305."""
    c = Capture()
    six = Tcp(c, Host('2001:db8:1::23', '02:00:00:00:01:17', 64, clock=811000, local=True), 44900,
              Host('2001:db8:80::80', '02:00:00:00:01:01', 57, clock=99000), 443, rtt=0.4102, interface=1)
    four = Tcp(c, client(), 51000, server(), 443, rtt=0.0310, isn=(0x72000000, 0x11990000))
    six.syn(0.0)
    t = four.open(0.2504)
    hello = client_hello('www.example.com', seed=21)
    four.send(t + 0.0006, 'up', PSH | ACK, hello)
    answer = server_hello(seed=22)
    four.send(t + 0.0318, 'down', ACK)
    four.send(t + 0.0331, 'down', ACK, answer[:1448])
    four.send(t + 0.0332, 'down', PSH | ACK, answer[1448:])
    four.send(t + 0.0333, 'up', ACK)
    six.syn_ack(0.4102)
    six.send(0.41025, 'up', RST, seq=1, window=0, mark='reset')
    four.send(t + 0.0391, 'up', PSH | ACK, b'\x14\x03\x03\x00\x01\x01\x17\x03\x03\x00\x35' + filler(53, 23))
    four.send(t + 0.0703, 'down', ACK)
    four.close(t + 0.5)
    return c


@case()
def captive_portal():
    """A hotel's login page

    Before the guest has logged in the access router answers every request for a web page with a redirect to itself,
    the probes that phones and browsers make for this very purpose among them.

    Redirects: {redirect}.
    Expected: no row above `none`: a portal is not censorship."""
    c = Capture()
    me = client()
    probes = (('connectivitycheck.gstatic.com', '/generate_204', '142.250.74.35'),
              ('captive.apple.com', '/hotspot-detect.html', '17.253.57.204'),
              ('detectportal.firefox.com', '/canonical.html', '34.107.221.82'))
    for i, (host, path, address) in enumerate(probes):
        box = server(address, ttl=64, ipid=0x2000 + i * 0x300)
        flow = Tcp(c, me, 52000 + i, box, 80, rtt=0.0021, isn=(0x1f3a0000 + i * 7919, 0x9c410000 + i * 104729))
        t = flow.open(i * 0.8)
        flow.send(t + 0.0003, 'up', PSH | ACK, http_request(host, path))
        flow.send(t + 0.0024, 'down', ACK)
        flow.send(t + 0.0031, 'down', PSH | ACK, http_response('302 Found', [(
            'Location', 'http://192.168.1.1:8880/guest/login?url=http%%3A%%2F%%2F%s%%2F' % host)]), mark='redirect')
        flow.send(t + 0.0032, 'up', ACK)
        flow.close(t + 0.0040)
    return c


ERROR_PAGE = (b'<HTML><HEAD>\n<TITLE>Access Denied</TITLE>\n</HEAD><BODY>\n<H1>Access Denied</H1>\n \n'
              b'You don\'t have permission to access "http&#58;&#47;&#47;shop&#46;example&#46;com&#47;" on this server.'
              b'<P>\nReference&#32;&#35;18&#46;2d351ab8&#46;1709632800&#46;a4e16ab\n</BODY>\n</HTML>\n')


@case()
def cdn_error_page():
    """A content network refuses the request itself

    The edge server of a content network answers 403 with its standard page for refused requests. It looks like a
    blockpage and was counted as one in early studies; it comes from the server that the client meant to reach.

    The page: {page}.
    Expected: no row."""
    c = Capture()
    flow = Tcp(c, client(), 53000, server(), 80, rtt=0.0093)
    t = flow.open(0.0)
    flow.send(t + 0.0003, 'up', PSH | ACK, http_request('shop.example.com'))
    flow.send(t + 0.0097, 'down', ACK)
    flow.send(t + 0.0102, 'down', PSH | ACK, http_response('403 Forbidden',
                                                           [('Server', 'AkamaiGHost'),
                                                            ('Content-Type', 'text/html')], ERROR_PAGE),
              mark='page')
    flow.send(t + 0.0103, 'up', ACK)
    flow.close(t + 0.0121)
    return c


@case()
def vpn_tunnel():
    """Two subscribers with one address

    A capture inside a mobile network: two subscribers, each in a GTP tunnel of its own, use the same private address,
    port and sequence numbers toward the same server, and are told different things. Apart they are two ordinary
    conversations; thrown together they would contradict each other in every byte.

    Second subscriber: {second}.
    Expected: no row."""
    c = Capture()
    for number, (teid, text) in enumerate(((0x00010001, 'first'), (0x00010002, 'second'))):
        inner = Capture(RAW)
        flow = Tcp(inner, Host('10.64.0.9', '02:00:00:00:03:01', 64, ipid=0x100 * number), 40000, server(), 80,
                   rtt=0.0450)
        t = flow.open(number * 0.02)
        flow.send(t + 0.0003, 'up', PSH | ACK, http_request('www.example.com', '/%s' % text))
        flow.send(t + 0.0460, 'down', PSH | ACK, http_response('200 OK', DATE,
                                                               page('Page of the %s subscriber' % text, 300)))
        flow.send(t + 0.0461, 'up', ACK)
        flow.close(t + 0.0500)
        cell = Host('10.1.0.%d' % (11 + number), '02:00:00:00:03:%02x' % (11 + number), 254, ipid=0x4000 * (number + 1))
        core = Host('10.1.0.1', '02:00:00:00:03:01', 254, ipid=0x2000)
        for when, _, packet, _, _ in inner.sorted():
            up = packet[12:16] == bytes([10, 64, 0, 9])
            src, dst = (cell, core) if up else (core, cell)
            gtp = struct.pack('>BBHI', 0x30, 255, len(packet), teid) + packet
            c.add(when, src, dst, udp_packet(src, 2152, dst, 2152, gtp), 'second' if number else None)
    return c
