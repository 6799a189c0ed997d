"""Ed25519 verification (RFC 8032 section 5.1.7), for judging signatures: public data only, so nothing here is constant-time."""
import functools
import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
IDENTITY = (0, 1, 1, 0)


def add(a, b):
    """Sum of two points in extended coordinates (RFC 8032 section 5.1.4)."""
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * a[3] * b[3] * D % P
    h = 2 * a[2] * b[2] % P
    p, q, r, s = f - e, h - g, h + g, f + e
    return p * q % P, r * s % P, q * r % P, p * s % P


def multiply(scalar, point):
    product = IDENTITY
    for bit in bin(scalar)[2:]:
        product = add(product, product)
        if bit == '1':
            product = add(product, point)
    return product


def same(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def decode(text):
    """The point of 32 bytes in their one canonical encoding, or None."""
    number = int.from_bytes(text, 'little')
    y, sign = number & (2**255 - 1), number >> 255
    if y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x - u) % P:
        if (v * x * x + u) % P:
            return None
        x = x * SQRT_OF_MINUS_ONE % P
    if x == 0 and sign:
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = decode(bytes([0x58]) + bytes([0x66]) * 31)


@functools.lru_cache(None)
def is_public_key(key):
    """Whether these 32 bytes are the canonical encoding of a point of prime order: what FORMATS.md section 1 asks of every key."""
    point = decode(key) if len(key) == 32 else None
    return point is not None and not same(point, IDENTITY) and same(multiply(L, point), IDENTITY)


@functools.lru_cache(None)
def verify(key, message, signature):
    if len(signature) != 64 or not is_public_key(key):
        return False
    r, s = decode(signature[:32]), int.from_bytes(signature[32:], 'little')
    if r is None or s >= L or same(multiply(8, r), IDENTITY):
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), 'little') % L
    return same(multiply(s, BASE), add(r, multiply(k, decode(key))))


def public_key_of(seed):
    """The public key of a 32-byte seed (RFC 8032 section 5.1.5). Not constant-time: for looking at one's own key file only."""
    scalar = int.from_bytes(hashlib.sha512(seed).digest()[:32], 'little')
    scalar = scalar & (2**254 - 8) | 2**254
    x, y, z, _ = multiply(scalar, BASE)
    inverse = pow(z, -1, P)
    return (y * inverse % P | (x * inverse % P & 1) << 255).to_bytes(32, 'little')
