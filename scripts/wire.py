"""Builds captures by hand: hosts, IP, UDP and TCP packets with right checksums, pcap and pcapng files. Standard library
only; the same calls give the same bytes. What the packets tell is for samples_forged.py and samples_innocent.py."""

import gzip
import ipaddress
import struct

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
ETHERNET, RAW, SLL, SLL2 = 1, 101, 113, 276


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack('>%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Host:
    """A sender as the capture point sees it.  local: it is the capturing machine, whose frames are not yet padded."""

    def __init__(self, address, mac, ttl, ipid=1, clock=0, local=False):
        self.address = ipaddress.ip_address(address)
        self.mac = bytes.fromhex(mac.replace(':', ''))
        self.ttl, self.ipid, self.clock, self.local = ttl, ipid, clock, local

    def next_ipid(self):
        """A counter, as a connected Linux socket has it."""
        self.ipid = (self.ipid + 1) & 0xffff
        return self.ipid

    def tsval(self, when):
        """Milliseconds, as Linux counts them, from a start of the host's own."""
        return (self.clock + int(when * 1000)) & 0xffffffff


def ip_packet(src, dst, protocol, body, ttl=None, ipid=None, df=True):
    ttl = src.ttl if ttl is None else ttl
    if src.address.version == 6:
        return struct.pack('>IHBB', 6 << 28, len(body), protocol, ttl) + src.address.packed + dst.address.packed + body
    ipid = src.next_ipid() if ipid is None else ipid
    head = struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(body), ipid, 0x4000 if df else 0, ttl, protocol, 0)
    head += src.address.packed + dst.address.packed
    return head[:10] + struct.pack('>H', checksum(head)) + head[12:] + body


def pseudo_header(src, dst, protocol, length):
    if src.address.version == 6:
        return src.address.packed + dst.address.packed + struct.pack('>II', length, protocol)
    return src.address.packed + dst.address.packed + struct.pack('>BBH', 0, protocol, length)


def udp_packet(src, sport, dst, dport, payload, **ip):
    body = struct.pack('>HHHH', sport, dport, 8 + len(payload), 0) + payload
    total = checksum(pseudo_header(src, dst, 17, len(body)) + body) or 0xffff
    return ip_packet(src, dst, 17, body[:6] + struct.pack('>H', total) + body[8:], **ip)


def tcp_packet(src, sport, dst, dport, seq, ack, flags, window, options=b'', payload=b'', **ip):
    options += b'\0' * (-len(options) % 4)
    body = struct.pack('>HHIIBBHHH', sport, dport, seq & 0xffffffff, ack & 0xffffffff, (20 + len(options)) << 2, flags,
                       window, 0, 0) + options + payload
    total = checksum(pseudo_header(src, dst, 6, len(body)) + body)
    return ip_packet(src, dst, 6, body[:16] + struct.pack('>H', total) + body[18:], **ip)


class Capture:
    """Frames in time order.  mark: the word under which the case's README lists the frame."""

    def __init__(self, linktype=ETHERNET, start=1709632800):
        self.linktype, self.start, self.frames = linktype, start, []

    def add(self, when, src, dst, packet, mark=None, vlan=None, interface=0):
        self.frames.append((when, len(self.frames), self.link(src, dst, packet, vlan), mark, interface))

    def link(self, src, dst, packet, vlan):
        ethertype = 0x86dd if packet[0] >> 4 == 6 else 0x0800
        if self.linktype == RAW:
            return packet
        if self.linktype == SLL:
            return struct.pack('>HHH8sH', 4 if src.local else 0, 1, 6, src.mac + b'\0\0', ethertype) + packet
        if self.linktype == SLL2:
            return struct.pack('>HHIHBB8s', ethertype, 0, 2, 1, 4 if src.local else 0, 6,
                               src.mac + b'\0\0') + packet
        tag = struct.pack('>HH', 0x8100, vlan) if vlan is not None else b''
        frame = dst.mac + src.mac + tag + struct.pack('>H', ethertype) + packet
        return frame if src.local else frame + b'\0' * (60 - len(frame))

    def sorted(self):
        return sorted(self.frames, key=lambda f: (round(f[0] * 1e9), f[1]))

    def marked(self, mark):
        return [n for n, f in enumerate(self.sorted(), 1) if f[3] == mark]

    def pcap(self, order='<', nano=False, snaplen=262144):
        out = struct.pack(order + 'IHHiIII', 0xa1b23c4d if nano else 0xa1b2c3d4, 2, 4, 0, 0, snaplen, self.linktype)
        for when, _, frame, _, _ in self.sorted():
            seconds, fraction = divmod(round(when * 1e9), 10**9)
            out += struct.pack(order + 'IIII', self.start + seconds, fraction if nano else fraction // 1000,
                               min(len(frame), snaplen), len(frame)) + frame[:snaplen]
        return out

    def pcapng(self, interfaces):
        def block(kind, body):
            body += b'\0' * (-len(body) % 4)
            return struct.pack('<II', kind, len(body) + 12) + body + struct.pack('<I', len(body) + 12)

        def option(code, value):
            return struct.pack('<HH', code, len(value)) + value + b'\0' * (-len(value) % 4)

        out = block(0x0a0d0d0a, struct.pack('<IHHq', 0x1a2b3c4d, 1, 0, -1))
        for name in interfaces:
            out += block(1, struct.pack('<HHI', self.linktype, 0, 262144) + option(2, name.encode()) +
                         option(9, b'\x09') + option(0, b''))
        for when, _, frame, _, interface in self.sorted():
            stamp = self.start * 10**9 + round(when * 1e9)
            out += block(6, struct.pack('<IIIII', interface, stamp >> 32, stamp & 0xffffffff, len(frame), len(frame)) +
                         frame)
        return out


def gzipped(data):
    """Two members, as `cat a.gz b.gz` makes them."""
    half = len(data) // 2
    return gzip.compress(data[:half], 9, mtime=0) + gzip.compress(data[half:], 9, mtime=0)


class Tcp:
    """One connection seen near the client: what the client sends is seen at once, what the server sends arrives `rtt`
    after the packet it answers. Sequence numbers are relative: 0 is the SYN of each side, 1 its first byte."""

    def __init__(self, capture, client, sport, server, dport, rtt, isn=(0x1f3a0000, 0x9c410000), stamps=True, **link):
        self.capture, self.rtt, self.stamps, self.link = capture, rtt, stamps, link
        self.ends = {'up': (client, sport, server, dport), 'down': (server, dport, client, sport)}
        self.isn = {'up': isn[0], 'down': isn[1]}
        self.next = {'up': 0, 'down': 0}
        self.window = {'up': 502, 'down': 509}
        self.tsecr = {'up': 0, 'down': 0}

    def send(self, when, way, flags, payload=b'', seq=None, ack=None, options=None, window=None, forged=None, **ip):
        """A genuine packet unless `forged`: then nothing of the connection's state moves."""
        src, sport, dst, dport = self.ends[way]
        back = 'down' if way == 'up' else 'up'
        seq = self.next[way] if seq is None else seq
        ack = self.next[back] if ack is None else ack
        if options is None:
            options = self.timestamp(when, way) if self.stamps and not forged and not flags & RST else b''
        mark = forged or ip.pop('mark', None)
        vlan, interface = self.link.get('vlan'), self.link.get('interface', 0)
        ack = self.isn[back] + ack if flags & ACK else 0
        packet = tcp_packet(src, sport, dst, dport, self.isn[way] + seq, ack,
                            flags, self.window[way] if window is None else window, options, payload, **ip)
        self.capture.add(when, src, dst, packet, mark, vlan, interface)
        if not forged:
            self.next[way] = max(self.next[way], seq + len(payload) + (1 if flags & (SYN | FIN) else 0))
            if options and self.stamps:
                self.tsecr[back] = src.tsval(when)

    def timestamp(self, when, way):
        return struct.pack('>BBBBII', 1, 1, 8, 10, self.ends[way][0].tsval(when), self.tsecr[way])

    def syn_options(self, when, way, wscale=7):
        if not self.stamps:
            return struct.pack('>BBHBBBB', 2, 4, 1460, 1, 1, 4, 2)
        return struct.pack('>BBHBBBBIIBBBB', 2, 4, 1460, 4, 2, 8, 10, self.ends[way][0].tsval(when), self.tsecr[way],
                           1, 3, 3, wscale)

    def syn(self, when, **kw):
        self.send(when, 'up', SYN, options=self.syn_options(when, 'up'), window=64240, seq=0, **kw)

    def syn_ack(self, when, **kw):
        """Linux sends it with IP-ID 0, before a socket exists."""
        self.send(when, 'down', SYN | ACK, options=self.syn_options(when, 'down'), window=65160, seq=0, ack=1, ipid=0,
                  **kw)

    def open(self, when):
        """The three packets; returns the time of the last."""
        self.syn(when)
        self.syn_ack(when + self.rtt)
        self.send(when + self.rtt + 0.00009, 'up', ACK)
        return when + self.rtt + 0.00009

    def close(self, when, first='up'):
        """An ordinary close; returns the time of its last packet."""
        second = 'down' if first == 'up' else 'up'
        self.send(when, first, FIN | ACK)
        gap = self.rtt if first == 'up' else 0.00006
        self.send(when + gap, second, FIN | ACK)
        last = when + gap + (0.00005 if first == 'up' else self.rtt)
        self.send(last, first, ACK)
        return last


def dns_name(name):
    return b''.join(bytes([len(label)]) + label.encode() for label in name.split('.')) + b'\0'


def dns_query(txid, name, qtype=1, edns=False):
    opt = struct.pack('>BHHIH', 0, 41, 1232, 0, 0) if edns else b''
    return struct.pack('>HHHHHH', txid, 0x0100, 1, 0, 0,
                       1 if edns else 0) + dns_name(name) + struct.pack('>HH', qtype, 1) + opt


def dns_answer(txid, name, addresses, ttl=300, flags=0x8180, question=True, edns=False):
    """A or AAAA records, whichever the addresses are; none: to a question for A."""
    owner = b'\xc0\x0c' if question else dns_name(name)
    records = b''
    for text in addresses:
        address = ipaddress.ip_address(text)
        records += owner + struct.pack('>HHIH', 28 if address.version == 6 else 1, 1, ttl,
                                       len(address.packed)) + address.packed
    qtype = 28 if addresses and ipaddress.ip_address(addresses[0]).version == 6 else 1
    asked = dns_name(name) + struct.pack('>HH', qtype, 1) if question else b''
    opt = struct.pack('>BHHIH', 0, 41, 1232, 0, 0) if edns else b''
    return struct.pack('>HHHHHH', txid, flags, 1 if question else 0, len(addresses), 0,
                       1 if edns else 0) + asked + records + opt


def http_request(host, path='/', agent='curl/7.88.1'):
    return ('GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nAccept: */*\r\n\r\n' % (path, host, agent)).encode()


def http_response(status, headers, body=b''):
    lines = ['HTTP/1.1 ' + status] + ['%s: %s' % h for h in headers] + ['Content-Length: %d' % len(body)]
    return '\r\n'.join(lines).encode() + b'\r\n\r\n' + body


def filler(length, seed):
    """Bytes that look like nothing: a small generator of our own, the same everywhere."""
    out, state = bytearray(), seed
    while len(out) < length:
        state = (state * 6364136223846793005 + 1442695040888963407) & 0xffffffffffffffff
        out += struct.pack('>I', state >> 32)
    return bytes(out[:length])


def client_hello(name, seed=1):
    """A TLS 1.3 hello as a small client sends it: SNI, groups, signature algorithms, versions, a key share."""
    def extension(kind, body):
        return struct.pack('>HH', kind, len(body)) + body

    host = name.encode()
    share = struct.pack('>HH', 29, 32) + filler(32, seed + 7)
    extensions = extension(0, struct.pack('>HBH', len(host) + 3, 0, len(host)) + host)
    extensions += extension(10, struct.pack('>HHHH', 6, 29, 23, 24))
    extensions += extension(11, b'\x01\x00')
    extensions += extension(13, struct.pack('>HHHHH', 8, 0x0403, 0x0804, 0x0401, 0x0503))
    extensions += extension(16, b'\x00\x0c\x02h2\x08http/1.1')
    extensions += extension(43, b'\x04\x03\x04\x03\x03')
    extensions += extension(45, b'\x01\x01')
    extensions += extension(51, struct.pack('>H', len(share)) + share)
    suites = struct.pack('>HHHHH', 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f)
    body = b'\x03\x03' + filler(32, seed) + b'\x20' + filler(32, seed + 3) + struct.pack('>H', len(suites)) + suites
    body += b'\x01\x00' + struct.pack('>H', len(extensions)) + extensions
    message = b'\x01' + struct.pack('>I', len(body))[1:] + body
    return b'\x16\x03\x01' + struct.pack('>H', len(message)) + message


def server_hello(seed=2, encrypted=2100):
    """ServerHello, change_cipher_spec and one record of ciphertext."""
    extensions = struct.pack('>HHH', 43, 2, 0x0304) + struct.pack('>HHHH', 51, 36, 29, 32) + filler(32, seed + 5)
    body = b'\x03\x03' + filler(32, seed) + b'\x20' + filler(32, 1 + 3) + b'\x13\x01\x00'
    body += struct.pack('>H', len(extensions)) + extensions
    message = b'\x02' + struct.pack('>I', len(body))[1:] + body
    hello = b'\x16\x03\x03' + struct.pack('>H', len(message)) + message
    hello += b'\x14\x03\x03\x00\x01\x01'
    return hello + b'\x17\x03\x03' + struct.pack('>H', encrypted) + filler(encrypted, seed + 9)
