"""The cases in which somebody else's packets are in the capture: each must be found."""

import struct

from cast import (DATE, case, client, server, resolver, page)
from wire import (ACK, FIN, PSH, RAW, RST, SLL, SYN, Capture, Host, Tcp, checksum, client_hello, dns_answer,
                  dns_query, filler, http_request, http_response, ip_packet, server_hello, udp_packet)


@case()
def quantum_insert():
    """A forged answer wins the race against the genuine one

    A client fetches a page in the clear. 5.1 ms after the request, long before the path's round trip of 33 ms, an
    answer arrives that the server never sent: a redirect, with another TTL, IP-ID 1, no DF bit, a foreign window and
    no TCP timestamps although every genuine packet has them. The genuine answer arrives in its time for the same
    sequence numbers with other bytes, and the client's stack throws it away as already received.

    Forged: {forged}. Genuine answer to the same request: {genuine}. Request: {trigger}.
    Expected: tcp_overlap_conflict, at least strong.
    Modelled on what Fox-IT measured and published about QUANTUM INSERT in 2015 (github.com/fox-it/quantuminsert)."""
    c, t = Capture(), 0.0412
    flow = Tcp(c, client(), 49712, server(), 80, rtt=0.0331)
    t = flow.open(t)
    request = http_request('news.example.com', '/index.html')
    flow.send(t + 0.0002, 'up', PSH | ACK, request, mark='trigger')
    sent = t + 0.0002
    lie = (b'HTTP/1.1 302 Found\r\nLocation: http://203.0.113.66/update\r\nContent-Length: 0\r\n\r\n')
    flow.send(sent + 0.0051, 'down', PSH | ACK, lie, ttl=61, ipid=1, df=False, window=8192, forged='forged')
    flow.send(sent + 0.00518, 'up', ACK, ack=1 + len(lie))
    flow.send(sent + 0.0333, 'down', ACK)
    answer = http_response('200 OK', DATE, page('News', 230))
    flow.send(sent + 0.0341, 'down', PSH | ACK, answer, mark='genuine')
    flow.send(sent + 0.0342, 'up', ACK)
    flow.close(sent + 0.0911)
    return c


@case('capture.pcap.gz')
def gfw_rst_burst():
    """A burst of resets at three sequence numbers, and a server that goes on

    A TLS ClientHello names blocked.example.com. 15 ms later, a twelfth of the round trip, three RST+ACK arrive at the
    server's next sequence number, 1460 and 4380 beyond it, with TTL and window rising by one, then a bare RST with a
    TTL and window of its own. The server knows nothing of this and answers with its ServerHello; the client's closed
    socket resets each segment.

    Forged: {forged}. Genuine, after the resets: {genuine}. ClientHello: {trigger}. The client's own resets: {reset}.
    Expected: rst_seq_change and data_seq_rst, one incident, very_strong.
    The pattern is described by Clayton, Murdoch and Watson (PET 2006) and Wang et al. (IMC 2017). The file is gzip,
    of two members."""
    c = Capture()
    flow = Tcp(c, client(), 51920, server(ttl=44), 443, rtt=0.1804)
    t = flow.open(0.0)
    hello = client_hello('blocked.example.com')
    flow.send(t + 0.0011, 'up', PSH | ACK, hello, mark='trigger')
    sent = t + 0.0011
    for i, step in enumerate((0, 1460, 4380)):
        flow.send(sent + 0.0151 + i * 0.00012, 'down', RST | ACK, seq=1 + step, ttl=102 + i, window=1477 + i,
                  ipid=0x5a31 + i * 0x0b07, forged='forged')
    flow.send(sent + 0.0158, 'down', RST, ttl=71, window=1209, ipid=0x91c4, df=False, forged='forged')
    answer = server_hello()
    flow.send(sent + 0.1806, 'down', ACK)
    cut = 1448
    flow.send(sent + 0.1829, 'down', ACK, answer[:cut], mark='genuine')
    flow.send(sent + 0.18291, 'down', PSH | ACK, answer[cut:], mark='genuine')
    for i in range(3):
        flow.send(sent + (0.18064, 0.18296, 0.18298)[i], 'up', RST, seq=1 + len(hello), window=0, ipid=0, mark='reset')
    return c


@case(snaplen=96)
def rst_then_data():
    """One reset, and the sender goes on sending

    9 ms after an HTTP request a bare RST arrives at exactly the server's next sequence number. 62 ms after the
    request the server's own answer arrives, with the IP-ID and the timestamps that follow on from its handshake. A
    socket that had sent a reset would be gone.

    Forged: {forged}. Genuine data after it: {genuine}. Request: {trigger}. The client's own resets: {reset}.
    Expected: data_seq_rst. The capture was cut to 96 bytes a frame, so the name asked for is not in it.
    Weaver, Sommer and Paxson (NDSS 2009) call this DATA_SEQ_RST."""
    c = Capture()
    flow = Tcp(c, client(), 40112, server(), 80, rtt=0.0617)
    t = flow.open(0.0)
    request = http_request('forum.example.net', '/thread/1989')
    sent = t + 0.0003
    flow.send(sent, 'up', PSH | ACK, request, mark='trigger')
    flow.send(sent + 0.0093, 'down', RST, ttl=47, window=0, ipid=0x2d07, df=False, forged='forged')
    answer = http_response('200 OK', DATE, page('Forum', 2300))
    flow.send(sent + 0.0619, 'down', ACK)
    flow.send(sent + 0.0655, 'down', ACK, answer[:1448], mark='genuine')
    flow.send(sent + 0.06551, 'down', PSH | ACK, answer[1448:], mark='genuine')
    for i in range(3):
        flow.send(sent + (0.06196, 0.06556, 0.06558)[i], 'up', RST, seq=1 + len(request), window=0, ipid=0,
                  mark='reset')
    return c


@case()
def stale_rst():
    """A reset built from an old packet

    A download is under way. A RST arrives whose sequence number is the end of the server's first segment, while four
    more segments have arrived since and the client never acknowledged that number: a box built it from a packet that
    the genuine data had overtaken. Every receiver ignores it (it lies outside the window), and the download goes on.

    Forged: {forged}. Data that made it stale: {stale}. Data after it: {genuine}. Request: {trigger}.
    Expected: rst_seq_data; data_seq_rst as well, since the server goes on.
    Weaver, Sommer and Paxson (NDSS 2009) call this RST_SEQ_DATA."""
    c = Capture()
    flow = Tcp(c, client(), 40388, server(), 80, rtt=0.0482)
    t = flow.open(0.0)
    sent = t + 0.0003
    flow.send(sent, 'up', PSH | ACK, http_request('files.example.net', '/leak.tar'), mark='trigger')
    answer = http_response('200 OK', [('Server', 'nginx/1.22.1'), ('Content-Type', 'application/x-tar')],
                           filler(13000, 99))
    flow.send(sent + 0.0484, 'down', ACK)
    at = sent + 0.0520
    for i in range(5):
        flow.send(at + i * 0.0002, 'down', ACK, answer[i * 1448:(i + 1) * 1448], mark='stale' if i else None)
        if i in (1, 4):
            flow.send(at + i * 0.0002 + 0.00004, 'up', ACK)
    flow.send(at + 0.0021, 'down', RST, seq=1449, ttl=57, window=0, ipid=0x0c55, df=False, forged='forged')
    at = sent + 0.1004
    for i in range(5, 10):
        part = answer[i * 1448:(i + 1) * 1448]
        flow.send(at + i * 0.0002, 'down', ACK | (PSH if len(part) < 1448 else 0), part, mark='genuine')
        if i in (6, 8, 9):
            flow.send(at + i * 0.0002 + 0.00004, 'up', ACK)
    flow.close(sent + 0.1611)
    return c


@case()
def rst_ack_change():
    """Two resets that acknowledge what was never sent

    After a request two RST+ACK arrive 0.2 ms apart. Both acknowledge more than the client ever sent, and not the
    same. A stack acknowledges what it received; these numbers were guessed ahead, in case more data is under way. The
    box is inline: the request does not reach the server, and nothing genuine contradicts the resets.

    Forged: {forged}. Request: {trigger}.
    Expected: rst_ack_change.
    Weaver, Sommer and Paxson (NDSS 2009) call this RST_ACK_CHANGE."""
    c = Capture()
    flow = Tcp(c, client(), 38844, server(), 80, rtt=0.0702)
    t = flow.open(0.0)
    sent = t + 0.0004
    request = http_request('radio.example.org', '/live')
    flow.send(sent, 'up', PSH | ACK, request, mark='trigger')
    for i, beyond in enumerate((1460, 2920)):
        flow.send(sent + 0.0219 + i * 0.0002, 'down', RST | ACK, ack=1 + len(request) + beyond, ttl=113, window=4096,
                  ipid=0x8801 + i, df=False, forged='forged')
    return c


@case()
def syn_rst_conflict():
    """The port is closed, and then it is open

    A SYN is answered by RST+ACK after 8.4 ms and by the server's SYN/ACK after 71 ms. One host does not refuse and
    accept the same SYN. The client's closed socket resets the SYN/ACK.

    Forged: {forged}. Genuine answer: {genuine}. SYN: {trigger}. The client's own reset: {reset}.
    Expected: syn_rst_conflict.
    Described for the GFW's blocking of addresses and ports (Weaver 2009; ICLab, S&P 2020)."""
    c = Capture()
    flow = Tcp(c, client(), 44010, server(), 443, rtt=0.0711)
    flow.syn(0.0, mark='trigger')
    flow.send(0.0084, 'down', RST | ACK, seq=-0x9c410000, ack=1, ttl=119, window=1980, ipid=0x4d2e, forged='forged')
    flow.syn_ack(0.0711, mark='genuine')
    flow.send(0.07116, 'up', RST, seq=1, window=0, ipid=0, mark='reset')
    return c


@case(order='>', nano=True)
def synack_conflict():
    """Two handshakes answer one SYN

    A SYN is answered twice: after 9.2 ms with a sequence number that no server chose, and after 73 ms by the server.
    The client believes the first, and its request carries an acknowledgement that the server must reject with a
    reset. The capture is big-endian with nanoseconds.

    Forged: {forged}. Genuine answer: {genuine}. SYN: {trigger}. The server's honest reset: {reset}.
    Expected: synack_conflict. Wang et al. (IMC 2017) saw forged SYN/ACKs with wrong sequence numbers while a host
    pair was blocked; the test is HoneyBadger's."""
    c = Capture()
    flow = Tcp(c, client(), 44512, server(), 80, rtt=0.0733)
    other = 0x5b21c3e7 - 0x9c410000
    flow.syn(0.0, mark='trigger')
    flow.send(0.0092, 'down', SYN | ACK, seq=other, ack=1, options=b'\x02\x04\x05\xb4', ttl=98, window=1024,
              ipid=0x1b1b, df=False,
              forged='forged')
    flow.stamps = False
    flow.send(0.00928, 'up', ACK, ack=other + 1)
    request = http_request('mirror.example.org', '/')
    flow.send(0.0094, 'up', PSH | ACK, request, ack=other + 1)
    flow.stamps = True
    flow.syn_ack(0.0733, mark='genuine')
    flow.stamps = False
    flow.send(0.07336, 'up', ACK, seq=1 + len(request), ack=other + 1)
    flow.send(0.0826, 'down', RST, seq=other + 1, window=0, ipid=0, mark='reset')
    return c


@case(linktype=SLL)
def dns_dual_answer():
    """Three answers to one question

    A query to a public resolver draws three answers with one transaction id and three different addresses. Two arrive
    after 4 ms, one with AA set, a TTL of 60 s and no DF bit, the other with DF and another TTL; the resolver's own
    arrives after 38 ms. Link type: Linux cooked.

    Forged: {forged}. Genuine: {genuine}. Query: {trigger}. The last two answers find the client's socket closed; its
    ICMP errors are {icmp}.
    Expected: dns_dual_answer, strong; dns_injector_fingerprint for the first.
    The field patterns are those of injectors 1 and 2 in Anonymous et al., Triplet Censors (FOCI 2020)."""
    c = Capture(SLL)
    me, dns = client(), resolver()
    name = 'www.blocked.example.com'
    query = udp_packet(me, 51324, dns, 53, dns_query(0x4e21, name))
    c.add(0.0, me, dns, query, 'trigger')

    def answer(when, mark, payload, **ip):
        packet = udp_packet(dns, 53, me, 51324, payload, **ip)
        c.add(when, dns, me, packet, mark)
        return packet
    answer(0.0041, 'forged', dns_answer(0x4e21, name, ['198.51.100.77'], ttl=60, flags=0x8580), ttl=83, ipid=0x3c5a,
           df=False)
    late = [(0.0043, answer(0.0043, 'forged', dns_answer(0x4e21, name, ['198.51.100.201'], ttl=177), ttl=54,
                            ipid=0x91d0))]
    late.append((0.0382, answer(0.0382, 'genuine', dns_answer(0x4e21, name, ['192.0.2.80'], ttl=3600), df=False)))
    for when, packet in late:
        c.add(when + 0.00004, me, dns, ip_packet(me, dns, 1, icmp(3, 3, packet)), 'icmp')
    return c


def icmp(kind, code, quoted):
    body = struct.pack('>BBHI', kind, code, 0, 0) + quoted
    return body[:2] + struct.pack('>H', checksum(body)) + body[4:]


@case(linktype=RAW)
def dns_iran_bogon():
    """A public name, a private address

    A public resolver is asked for a public name and says 10.10.34.35 after 11 ms. The answer's TTL is what the query's
    had become at a box seven hops away, and seven hops back. Nothing else ever answers. Link type: raw IP.

    Forged: {forged}. Query: {trigger}.
    Expected: dns_bogon_answer, and dns_known_forged_ip where the address is in the signature set.
    Iran's filter answers with 10.10.34.34, .35 and .36; .35 mirrors the TTL (Tai et al., 2025; IRBlock)."""
    c = Capture(RAW)
    me, dns = Host('94.184.0.23', '02:00:00:00:01:17', 64, ipid=0x0a10, local=True), resolver()
    name = 'www.dissent.example.org'
    c.add(0.0, me, dns, udp_packet(me, 40822, dns, 53, dns_query(0x1d2c, name)), 'trigger')
    c.add(0.0112, dns, me, udp_packet(dns, 53, me, 40822, dns_answer(0x1d2c, name, ['10.10.34.35'], ttl=300), ttl=50,
                                      ipid=0x9c41,
                                      df=False), 'forged')
    return c


@case()
def dns_forged_pool():
    """One answer, from the pool of forged addresses

    The only answer to a query is 8.7.198.45, an address that the GFW has handed out for unrelated names since at
    least 2010 and that the name's owner does not hold. An inline resolver cannot be told from an injector here:
    nothing contradicts the answer, the address alone speaks. A second query, for another name, shows the resolver's
    usual answer.

    Forged: {forged}. Query: {trigger}. Control query and answer: {control}.
    Expected: dns_known_forged_ip; dns_injector_fingerprint, since the control's headers are others.
    The address is listed by OONI and Citizen Lab (ooni.cn_0, dns_nat_cn_poison_01)."""
    c = Capture()
    me, dns = client(), resolver('9.9.9.9', ttl=55)
    for when, txid, port, name, address, mark in ((0.0, 0x6001, 47001, 'www.example.com', '192.0.2.33', 'control'),
                                                  (1.2, 0x6002, 47002, 'exile-news.example.net', '8.7.198.45',
                                                   'forged')):
        c.add(when, me, dns, udp_packet(me, port, dns, 53, dns_query(txid, name)),
              'trigger' if mark == 'forged' else mark)
        extra = {'ttl': 61, 'ipid': 0, 'df': False} if mark == 'forged' else {}
        c.add(when + 0.0291, dns, me, udp_packet(dns, 53, me, port, dns_answer(txid, name, [address], ttl=120),
                                                 **extra), mark)
    return c


def ask(c, me, dns, when, txid, name, delay=0.031, mark=None, payload=None, **ip):
    """A query from a port of its own, and the answer; without delay there is none."""
    port = 40000 + txid % 20000
    c.add(when, me, dns, udp_packet(me, port, dns, 53, dns_query(txid, name)), 'trigger' if mark else 'control')
    if delay:
        payload = payload or dns_answer(txid, name, ['192.0.2.%d' % (txid % 250)])
        c.add(when + delay, dns, me, udp_packet(dns, 53, me, port, payload, **ip), mark or 'control')


@case()
def dns_forged_only():
    """A false answer and no genuine one

    A box stops a query and answers it: AA set, a TTL of 60 s, no DF bit, an IP-ID of its own and another path length.
    The address is in no list. The resolver's answers to other names, one before and two after, have none of this.

    Forged: {forged}. Query: {trigger}. Other names: {control}.
    Expected: dns_injector_fingerprint.
    The fields are those of injector 1 in Anonymous et al., Triplet Censors (FOCI 2020)."""
    c = Capture()
    me, dns = client(), resolver('9.9.9.9', ttl=55)
    name = 'www.banned.example.com'
    ask(c, me, dns, 0.0, 0x1001, 'www.example.net')
    ask(c, me, dns, 1.0, 0x1002, name, 0.012, 'forged', dns_answer(0x1002, name, ['192.0.2.250'], ttl=60, flags=0x8580),
        ttl=97, ipid=0x65b0, df=False)
    ask(c, me, dns, 2.0, 0x1003, 'www.example.org')
    ask(c, me, dns, 3.0, 0x1004, 'mail.example.net')
    return c


@case()
def dns_forged_nxdomain():
    """A name that is said not to exist

    The only answer to a query is NXDOMAIN, from a sender whose TTL and DF bit are not the resolver's. A name that really
    does not exist gets the same code from the resolver itself.

    Forged: {forged}. Query: {trigger}. Other names: {control}.
    Expected: dns_rcode_injected."""
    c = Capture()
    me, dns = client(), resolver('9.9.9.9', ttl=55)
    name = 'www.banned.example.com'
    ask(c, me, dns, 0.0, 0x1001, 'www.example.net')
    ask(c, me, dns, 1.0, 0x1002, name, 0.012, 'forged', dns_answer(0x1002, name, [], flags=0x8183),
        ttl=61, ipid=0x1b2c, df=False)
    ask(c, me, dns, 2.0, 0x1003, 'none.example.org', payload=dns_answer(0x1003, 'none.example.org', [], flags=0x8183))
    return c


@case()
def dns_name_drop():
    """A name that gets no answer

    A client asks for one name three times, five seconds apart, with a new port and id each time, and hears nothing.
    Before, between and after the resolver answers other names at once. Nothing tells a dropped query from a zone whose
    servers are down, so this is a symptom.

    Unanswered: {trigger}. Other names: {control}.
    Expected: dns_name_drop, weak."""
    c = Capture()
    me, dns = client(), resolver('9.9.9.9', ttl=55)
    ask(c, me, dns, 0.0, 0x1001, 'www.example.net')
    for n in range(3):
        ask(c, me, dns, 1.0 + 5 * n, 0x2001 + n, 'www.banned.example.com', None, 'silence')
    ask(c, me, dns, 3.0, 0x1003, 'www.example.org')
    ask(c, me, dns, 13.0, 0x1004, 'mail.example.net')
    ask(c, me, dns, 19.0, 0x1005, 'static.example.net')
    return c


BLOCKPAGE = (b'<html>\n<head>\n<title>Surf Safely</title>\n</head>\n<body>\n<h1>Surf Safely!</h1>\n'
             b'<p>This website is not accessible.</p>\n</body>\n</html>\n')


@case()
def isp_blockpage():
    """An operator's page instead of the site's

    A filter on the path answers the request itself: bare HTML without a status line, a FIN with it. The site's server
    never sees the request, and no genuine packet contradicts the answer. What remains is that the page is a known one,
    and that it comes after 32 ms on a path of 142 ms.

    Page: {forged}. Request: {trigger}.
    Expected: http_blockpage.
    The page's title, the missing status line, the window of 16384 and the absent DF bit are those of a Pakistani
    filter in a capture of the CenTrace project (Censored Planet, 103.93.208.20_bisexual.org)."""
    c = Capture()
    flow = Tcp(c, client(), 40900, server(), 80, rtt=0.1418)
    t = flow.open(0.0)
    sent = t + 0.0003
    flow.send(sent, 'up', PSH | ACK, http_request('casino.example.net'), mark='trigger')
    flow.send(sent + 0.0324, 'down', FIN | ACK, BLOCKPAGE, ttl=83, ipid=0x2b11, df=False, window=16384, forged='forged')
    flow.send(sent + 0.03247, 'up', ACK, ack=2 + len(BLOCKPAGE))
    flow.send(sent + 0.0331, 'up', FIN | ACK, ack=2 + len(BLOCKPAGE))
    return c


@case()
def isp_redirect():
    """Sent to the operator's page, while the site answers too

    6 ms after the request a 302 arrives that points to the page of a provider for forbidden sites. It carries a FIN,
    and the TTL, IP-ID and missing timestamps say that another machine wrote it. The site's own answer follows after
    43 ms. The frames carry a VLAN tag.

    Forged: {forged}. Genuine: {genuine}. Request: {trigger}.
    Expected: http_redirect_block and tcp_overlap_conflict, one incident."""
    c = Capture()
    flow = Tcp(c, client(), 41214, server(), 80, rtt=0.0426, vlan=120)
    t = flow.open(0.0)
    sent = t + 0.0003
    flow.send(sent, 'up', PSH | ACK, http_request('torrents.example.net', '/search'), mark='trigger')
    lie = REDIRECT
    flow.send(sent + 0.0061, 'down', PSH | FIN | ACK, lie, ttl=60, ipid=0x0001, df=False, window=1400, forged='forged')
    flow.send(sent + 0.00616, 'up', ACK, ack=2 + len(lie))
    flow.send(sent + 0.0068, 'up', FIN | ACK, ack=2 + len(lie))
    flow.send(sent + 0.0428, 'down', ACK, ack=flow.next['up'] - 1)
    answer = http_response('200 OK', DATE, page('Search', 600))
    flow.send(sent + 0.0440, 'down', PSH | ACK, answer, ack=flow.next['up'] - 1, mark='genuine')
    flow.send(sent + 0.04406, 'up', ACK)
    flow.send(sent + 0.0493, 'down', FIN | ACK)
    flow.send(sent + 0.04935, 'up', ACK)
    return c


REDIRECT = b'HTTP/1.1 302 Found\r\nLocation: http://internet.mts.by/blocked/\r\nConnection: close\r\n\r\n'


@case()
def iran_403_iframe():
    """A 403 that frames a private address, and a reset

    The request is answered by a FIN+PSH+ACK whose page holds nothing but a frame from http://10.10.34.34, then by a
    RST+PSH+ACK. Both have an IP-ID and TTL of their own. The server's answer never comes: the box is inline.

    Forged: {forged}. Request: {trigger}.
    Expected: http_blockpage or http_redirect_block.
    The pair of packets is described by Bock et al. (2021) and Tai et al. (2025); the frame's address by net4people
    issue 49."""
    c = Capture()
    flow = Tcp(c, client(), 41877, server(), 80, rtt=0.0932)
    t = flow.open(0.0)
    sent = t + 0.0003
    flow.send(sent, 'up', PSH | ACK, http_request('banned.example.org'), mark='trigger')
    lie = (b'HTTP/1.1 403 Forbidden\r\nConnection:close\r\n\r\n<html><head><meta http-equiv="Content-Type" '
           b'content="text/html; charset=windows-1256"><title>M4-6\n</title></head><body><iframe '
           b'src="http://10.10.34.34?type=Invalid Site&policy=MainPolicy " style="width: 100%; height: 100%" '
           b'scrolling="no" marginwidth="0" marginheight="0" frameborder="0" vspace="0" hspace="0"></iframe></body>'
           b'</html>\r\n\r\n')
    flow.send(sent + 0.0114, 'down', FIN | PSH | ACK, lie, ttl=109, ipid=0x6a1c, df=False, window=16384,
              forged='forged')
    flow.send(sent + 0.01146, 'up', ACK, ack=2 + len(lie))
    flow.send(sent + 0.0116, 'down', RST | PSH | ACK, seq=2 + len(lie), ttl=109, ipid=0x6a1d, df=False, window=16384,
              forged='forged')
    return c
