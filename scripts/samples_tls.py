"""The cases of TLS: connections that fall silent at their hello, forged alerts, interceptors, and what looks like them."""

import struct

from cast import case, client, server
from wire import ACK, FIN, PSH, Capture, Tcp, client_hello, filler, server_hello

FATAL, HANDSHAKE_FAILURE = 2, 40


def retransmissions(start, count):
    """When Linux sends a segment again: 0.2 s, then twice as long each time."""
    when, gap = start, 0.2
    for _ in range(count):
        yield when
        when, gap = when + gap, gap * 2


def passes(c, sport, t, name):
    """A hello that is answered, and an ordinary close."""
    flow = Tcp(c, client(), sport, server(), 443, rtt=0.048)
    t = flow.open(t)
    flow.send(t + 0.004, 'up', PSH | ACK, client_hello(name), mark='control')
    flow.send(t + 0.052, 'down', ACK)
    flow.send(t + 0.0561, 'down', PSH | ACK, server_hello(encrypted=900))
    flow.send(t + 0.0562, 'up', ACK)
    flow.send(t + 0.06, 'up', PSH | ACK, b'\x17\x03\x03\x00\x40' + filler(64, 5))
    flow.send(t + 0.108, 'down', PSH | ACK, b'\x17\x03\x03\x02\x00' + filler(512, 6))
    return flow.close(t + 0.11)


@case()
def tls_sni_drop():
    """A hello that is never acknowledged, and another name that passes

    A connection is accepted, and the ClientHello that names blocked.example.com is sent six times in 6.3 s; nobody
    acknowledges it. The client gives up. A hello of the same size that names control.example.org passes at once, at the
    same address: acknowledgements come from a kernel, which reads no names.

    The hello and its repeats: {dropped}. The hello that passes: {control}.
    Expected: tls_sni_drop, moderate, by the single control; without it weak.
    The behaviour is described by Xue et al. (IMC 2022) as a backup of their first kind."""
    c = Capture()
    flow = Tcp(c, client(), 51310, server(), 443, rtt=0.0481)
    t = flow.open(0.0)
    for when in retransmissions(t + 0.0031, 6):
        flow.send(when, 'up', PSH | ACK, client_hello('blocked.example.com'), seq=1, mark='dropped')
    passes(c, 51322, 7.2, 'control.example.org')
    return c


@case()
def tls_sni_stall():
    """Silence behind the ServerHello

    The hello is acknowledged and answered. Then nothing that the client sends is acknowledged any more: its Finished
    goes out six times in 6.3 s, and no packet of the server comes. Nobody knows whether the first of them was lost or
    its answer, so the last is the suspect.

    The client's unanswered packets: {dropped}. Hello: {trigger}.
    Expected: tls_sni_stall, weak: a client alone cannot tell this from a path that died.
    The behaviour is described by Xue et al. (IMC 2022): a few packets pass, then both directions end."""
    c = Capture()
    flow = Tcp(c, client(), 51340, server(), 443, rtt=0.0481)
    t = flow.open(0.0)
    flow.send(t + 0.0031, 'up', PSH | ACK, client_hello('blocked.example.com'), mark='trigger')
    flow.send(t + 0.0512, 'down', ACK)
    flow.send(t + 0.0533, 'down', PSH | ACK, server_hello(encrypted=900))
    flow.send(t + 0.0534, 'up', ACK)
    finished, at = b'\x14\x03\x03\x00\x01\x01\x17\x03\x03\x00\x35' + filler(53, 8), flow.next['up']
    for when in retransmissions(t + 0.0551, 6):
        flow.send(when, 'up', PSH | ACK, finished, seq=at, mark='dropped')
    return c


@case()
def tls_alert_forged():
    """An alert that the server did not send

    9 ms after the hello an alert in the clear ends the connection: another TTL, no timestamps though both ends had agreed to
    send them, IP-ID 1. The server knows nothing of it; its ServerHello arrives in its time for the same sequence
    numbers.

    Forged: {forged}. Genuine answer: {genuine}. Hello: {trigger}.
    Expected: tls_alert_forged and tcp_overlap_conflict, one incident, very_strong."""
    c = Capture()
    flow = Tcp(c, client(), 51362, server(), 443, rtt=0.0481)
    t = flow.open(0.0)
    flow.send(t + 0.0031, 'up', PSH | ACK, client_hello('blocked.example.com'), mark='trigger')
    alert = bytes([21, 3, 3, 0, 2, FATAL, HANDSHAKE_FAILURE])
    flow.send(t + 0.0121, 'down', FIN | PSH | ACK, alert, ttl=245, ipid=1, df=False, window=1024, forged='forged')
    flow.send(t + 0.0122, 'up', FIN | ACK, ack=1 + len(alert) + 1)
    flow.send(t + 0.0512, 'down', ACK)
    answer = server_hello(encrypted=2100)
    flow.send(t + 0.0533, 'down', ACK, answer[:1448], mark='genuine')
    flow.send(t + 0.05331, 'down', PSH | ACK, answer[1448:], mark='genuine')
    return c


def der(tag, *parts):
    body = b''.join(parts)
    return bytes([tag, 0x82]) + struct.pack('>H', len(body)) + body


def distinguished_name(country, common_name):
    def attribute(last, kind, text):
        return der(0x31, der(0x30, b'\x06\x03\x55\x04' + bytes([last]), der(kind, text.encode())))
    return der(0x30, attribute(6, 0x13, country), attribute(3, 0x0c, common_name))


def certificate_flight(issuer, subject, seed):
    """ServerHello for TLS 1.2, Certificate with one leaf, ServerHelloDone, in one record."""
    algorithm = b'\x30\x05\x06\x03\x2b\x65\x70'
    key = der(0x30, algorithm, der(3, b'\0' + filler(32, seed)))
    validity = der(0x30, der(0x17, b'240101000000Z'), der(0x17, b'250101000000Z'))
    leaf = der(0x30, b'\xa0\x03\x02\x01\x02\x02\x01\x07', algorithm, distinguished_name(*issuer), validity,
               distinguished_name(*subject), key)
    leaf = der(0x30, leaf, algorithm, b'\x03\x41\x00' + filler(64, seed + 1))

    def message(kind, body):
        return bytes([kind]) + struct.pack('>I', len(body))[1:] + body
    chain = struct.pack('>I', len(leaf))[1:] + leaf
    hello = b'\x03\x03' + filler(32, seed + 2) + b'\0\xc0\x2b\x00'
    body = message(2, hello) + message(11, struct.pack('>I', len(chain))[1:] + chain) + message(14, b'')
    return b'\x16\x03\x03' + struct.pack('>H', len(body)) + body


@case()
def tls_interception():
    """A certificate of the Kazakh interception

    The connection is accepted, by somebody with another TTL than the server of the second connection, and the leaf for
    blocked.example.com is signed by "Qaznet Trust Network". Everything in the server's direction is the
    interceptor's. The second connection, to another name at another address, shows a certificate of its own
    authority.

    The interceptor's packets: {forged}.
    Expected: tls_mitm_cert, moderately_strong, by the issuer.
    The issuer is that of Raman et al., Investigating Large Scale HTTPS Interception in Kazakhstan (IMC 2020)."""
    c = Capture()
    for sport, t, host, name, issuer, mark in (
            (51380, 0.0, server(ttl=59), 'blocked.example.com', ('KZ', 'Qaznet Trust Network'), 'forged'),
            (51384, 0.9, server('192.0.2.91'), 'www.example.org', ('US', 'Example Authority 1'), None)):
        flow = Tcp(c, client(), sport, host, 443, rtt=0.0391)
        flow.syn(t)
        flow.syn_ack(t + 0.0391, mark=mark)
        flow.send(t + 0.0392, 'up', ACK)
        flow.send(t + 0.042, 'up', PSH | ACK, client_hello(name))
        flow.send(t + 0.0811, 'down', ACK, mark=mark)
        flow.send(t + 0.0831, 'down', PSH | ACK, certificate_flight(issuer, (issuer[0], name), sport), mark=mark)
        flow.send(t + 0.0832, 'up', ACK)
        flow.send(t + 0.09, 'up', FIN | ACK)
        flow.send(t + 0.1291, 'down', FIN | ACK, mark=mark)
        flow.send(t + 0.1292, 'up', ACK)
    return c


@case()
def tls_slow_and_refusing():
    """A server that takes its time, one that loses, and one that is at its end

    Three ordinary connections that nearly look like blocking: a hello that is acknowledged and answered only after 9 s; a
    hello of which two transmissions are lost and the third is answered; and a hello that the last second of the
    capture holds, whose fate nobody knows.

    Expected: nothing."""
    c = Capture()
    for sport, t, name, lost, wait in ((51400, 0.0, 'slow.example.com', 0, 9.0),
                                       (51402, 1.0, 'lossy.example.com', 2, 0.05)):
        flow = Tcp(c, client(), sport, server(), 443, rtt=0.048)
        t = flow.open(t) + 0.003
        for when in retransmissions(t, lost + 1):
            flow.send(when, 'up', PSH | ACK, client_hello(name), seq=1)
            t = when
        flow.send(t + 0.048, 'down', ACK)
        flow.send(t + 0.048 + wait, 'down', PSH | ACK, server_hello(encrypted=700))
        flow.send(t + 0.0481 + wait, 'up', ACK)
        flow.close(t + 0.05 + wait)
    flow = Tcp(c, client(), 51404, server(), 443, rtt=0.048)
    t = flow.open(8.4)
    for when in retransmissions(t + 0.003, 3):
        flow.send(when, 'up', PSH | ACK, client_hello('last.example.com'), seq=1)
    return c
