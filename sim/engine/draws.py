"""Draws by address: a uniform is a function of (seed, replicate, patient, site, occurrence). No state is kept here.

Generator: Philox4x64-10 (Salmon, Moraes, Dror, Shaw, SC'11); key = (seed, replicate), counter = (patient, site,
occurrence, 0).
"""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from sim.engine.jit import compiled, entry

_M0 = np.uint64(0xD2E7470EE14C6C93)
_M1 = np.uint64(0xCA5A826395121157)
_W0 = np.uint64(0x9E3779B97F4A7C15)
_W1 = np.uint64(0xBB67AE8584CAA73B)
_DROP = np.uint64(12)
_ZERO = np.uint64(0)


def site_hash(name: str) -> int:
    """The 64-bit address of a decision from its stable name, as a signed integer."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little", signed=True)


@intrinsic
def _high(typingctx: Any, a: Any, b: Any) -> Any:
    """The upper 64 bits of a 64 x 64 bit product, which numba has no operator for."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        from llvmlite import ir

        wide = ir.IntType(128)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), codegen


@entry
def philox(seed: int, replicate: int, patient: int, site: int, occurrence: int) -> int:
    """The first 64-bit word of the Philox4x64-10 block at an address."""
    k0 = np.uint64(seed)
    k1 = np.uint64(replicate)
    c0 = np.uint64(patient)
    c1 = np.uint64(site)
    c2 = np.uint64(occurrence)
    c3 = _ZERO
    for _ in range(10):
        high0: Any = _high(_M0, c0)  # type: ignore[call-arg]
        low0 = _M0 * c0
        high1: Any = _high(_M1, c2)
        low1 = _M1 * c2
        c0 = high1 ^ c1 ^ k0
        c1 = low1
        c2 = high0 ^ c3 ^ k1
        c3 = low0
        k0 = k0 + _W0
        k1 = k1 + _W1
    return c0  # type: ignore[return-value]


@entry
def uniform(seed: int, replicate: int, patient: int, site: int, occurrence: int) -> float:
    """A uniform in the open interval (0, 1): 52 bits and a half, so that neither end can be met."""
    return (float(philox(seed, replicate, patient, site, occurrence) >> _DROP) + 0.5) * 2.220446049250313e-16


def uniform_by_numpy(seed: int, replicate: int, patient: int, site: int, occurrence: int) -> float:
    """The same uniform from numpy's own Philox, slowly: the oracle of `uniform`, and the draw of the plain engine."""
    mask = (1 << 64) - 1
    words = (int(patient) & mask, int(site) & mask, int(occurrence) & mask, 0)
    counter = sum(word << (64 * place) for place, word in enumerate(words))
    # numpy steps its counter before it makes a block.
    before = (counter - 1) & ((1 << 256) - 1)
    state = np.random.Philox(
        counter=np.array([before >> (64 * place) & mask for place in range(4)], dtype=np.uint64),
        key=np.array([int(seed) & mask, int(replicate) & mask], dtype=np.uint64),
    )
    return (float(int(state.random_raw()) >> 12) + 0.5) * 2.220446049250313e-16


@entry
def normal_quantile(p: float) -> float:
    """Inverse of the standard normal distribution, to about 1e-16 (algorithm AS 241, PPND16, Wichura 1988)."""
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return (
            q
            * (
                (
                    (
                        (
                            (
                                ((2.5090809287301226727e3 * r + 3.3430575583588128105e4) * r + 6.7265770927008700853e4)
                                * r
                                + 4.5921953931549871457e4
                            )
                            * r
                            + 1.3731693765509461125e4
                        )
                        * r
                        + 1.9715909503065514427e3
                    )
                    * r
                    + 1.3314166789178437745e2
                )
                * r
                + 3.387132872796366608
            )
            / (
                (
                    (
                        (
                            (
                                ((5.226495278852854561e3 * r + 2.8729085735721942674e4) * r + 3.9307895800092710610e4)
                                * r
                                + 2.1213794301586595867e4
                            )
                            * r
                            + 5.3941960214247511077e3
                        )
                        * r
                        + 6.8718700749205790830e2
                    )
                    * r
                    + 4.2313330701600911252e1
                )
                * r
                + 1.0
            )
        )
    r = p if q < 0.0 else 1.0 - p
    return _normal_tail(-math.log(r)) * (-1.0 if q < 0.0 else 1.0)


@compiled
def _normal_tail(minus_log: float) -> float:
    """The z whose upper tail is exp(-minus_log), for tails below 0.075 (AS 241, outer regions)."""
    r = math.sqrt(minus_log)
    if r <= 5.0:
        r -= 1.6
        return (
            (
                (
                    (
                        (
                            (
                                (7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r
                                + 2.41780725177450611770e-1
                            )
                            * r
                            + 1.27045825245236838258
                        )
                        * r
                        + 3.64784832476320460504
                    )
                    * r
                    + 5.76949722146069140550
                )
                * r
                + 4.63033784615654529590
            )
            * r
            + 1.42343711074968357734
        ) / (
            (
                (
                    (
                        (
                            ((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 1.51986665636164571966e-2)
                            * r
                            + 1.48103976427480074590e-1
                        )
                        * r
                        + 6.89767334985100004550e-1
                    )
                    * r
                    + 1.67638483018380384940
                )
                * r
                + 2.05319162663775882187
            )
            * r
            + 1.0
        )
    r -= 5.0
    return (
        (
            (
                (
                    (
                        ((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 1.24266094738807843860e-3)
                        * r
                        + 2.65321895265761230930e-2
                    )
                    * r
                    + 2.96560571828504891230e-1
                )
                * r
                + 1.78482653991729133580
            )
            * r
            + 5.46378491116411436990
        )
        * r
        + 6.65790464350110377720
    ) / (
        (
            (
                (
                    (
                        ((2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r + 1.84631831751005468180e-5)
                        * r
                        + 7.86869131145613259100e-4
                    )
                    * r
                    + 1.48753612908506148525e-2
                )
                * r
                + 1.36929880922735805310e-1
            )
            * r
            + 5.99832206555887937690e-1
        )
        * r
        + 1.0
    )
