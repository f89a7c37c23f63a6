"""Who appears in the samples: the client, its servers and resolvers; and the register of cases."""

from wire import Host

CASES = {}
DATE = [('Server', 'nginx/1.22.1'), ('Date', 'Tue, 05 Mar 2024 10:00:00 GMT'),
        ('Content-Type', 'text/html; charset=utf-8')]


def case(name='capture.pcap', **how):
    def register(function):
        CASES[function.__name__] = (function, name, how)
        return function
    return register


def client():
    return Host('192.168.1.23', '02:00:00:00:01:17', 64, ipid=0x3d10, clock=811000, local=True)


def server(address='192.0.2.80', ttl=54, ipid=0xf41a):
    """Behind the client's router: its link address is the router's."""
    return Host(address, '02:00:00:00:01:01', ttl, ipid=ipid, clock=4207000)


def resolver(address='8.8.8.8', ttl=116, ipid=0x77a0):
    return Host(address, '02:00:00:00:01:01', ttl, ipid=ipid)


def page(title, length):
    text = '<!DOCTYPE html><html><head><title>%s</title></head><body><h1>%s</h1><p>' % (title, title)
    text += 'The quick brown fox jumps over the lazy dog. ' * (length // 45)
    return (text + '</p></body></html>\n').encode()
