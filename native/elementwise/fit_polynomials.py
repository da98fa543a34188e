"""Prints polynomials.h: the coefficients of the vector math, by interpolation at Chebyshev nodes in 60 digits.

Run by hand where a polynomial is added or its degree changes; needs mpmath:
    python native/elementwise/fit_polynomials.py > native/elementwise/polynomials.h
"""

import sys

import mpmath as mp

mp.mp.dps = 60


def fit(function, low, high, degree):
    """The monomial coefficients, lowest first, of the polynomial that meets `function` at the Chebyshev nodes."""
    low, high = mp.mpf(low), mp.mpf(high)
    count = degree + 1
    nodes = [(low + high) / 2 + (high - low) / 2 * mp.cos(mp.pi * (2 * i + 1) / (2 * count)) for i in range(count)]
    matrix = mp.matrix(count, count)
    for row, node in enumerate(nodes):
        for column in range(count):
            matrix[row, column] = node**column
    solution = mp.lu_solve(matrix, mp.matrix([function(node) for node in nodes]))
    coefficients = [solution[i] for i in range(count)]
    worst = max(
        abs(mp.polyval(coefficients[::-1], x) - function(x))
        for x in (low + (high - low) * (i + mp.mpf("0.5")) / 97 for i in range(97))
    )
    return coefficients, worst


def by_series(function, terms=30):
    """`function`, and its Taylor series close to 0, where its own formula would divide 0 by 0."""
    series = mp.taylor(lambda t: function(t), mp.mpf("0.01"), terms)

    def value(t):
        return mp.polyval(series[::-1], t - mp.mpf("0.01")) if abs(t) < mp.mpf("1e-4") else function(t)

    return value


def root(function):
    """z -> function(sqrt(z)), for the even functions."""
    return by_series(lambda z: function(mp.sqrt(z)), 40)


def main():
    quarter = (mp.pi / 4 * mp.mpf("1.001")) ** 2
    bend = mp.tan(mp.pi / 8) ** 2 * mp.mpf("1.001")
    log_low, log_high = mp.sqrt(mp.mpf("0.5")) - mp.mpf("1.001"), mp.sqrt(2) - mp.mpf("0.999")
    log_z = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * mp.mpf("1.002")

    def exp_tail(r):
        return (mp.exp(r) - 1 - r) / r**2

    def log_tail(z):
        s = mp.sqrt(z)
        return (mp.log((1 + s) / (1 - s)) - 2 * s) / (s * z)

    def log1p_tail(f):
        return (mp.log(1 + f) - f + f * f / 2) / f**3

    def erfcx_in_t(t):
        x = mp.mpf("3.75") * (1 + t) / (1 - t)
        return mp.erfc(x) * mp.exp(x * x) * (1 + 2 * x)

    def t_of(x):
        return (mp.mpf(x) - mp.mpf("3.75")) / (mp.mpf(x) + mp.mpf("3.75"))

    def erfcx_near(t):
        x = 2 * (1 + t) / (1 - t)
        return mp.erfc(x) * mp.exp(x * x) * (1 + 2 * x)

    def t_near(x):
        return (mp.mpf(x) - 2) / (mp.mpf(x) + 2)

    sin_tail = root(lambda r: (mp.sin(r) - r) / r**3)
    table = [
        ("kExp64", "double", by_series(exp_tail), -0.3475, 0.3475, 10, "(e^r - 1 - r) / r^2"),
        ("kLog64", "double", by_series(log_tail, 40), 0, log_z, 7, "(log((1+s)/(1-s)) - 2s) / s^3 in s^2"),
        ("kSin64", "double", sin_tail, 0, quarter, 6, "(sin r - r) / r^3 in r^2"),
        (
            "kCos64",
            "double",
            root(lambda r: (mp.cos(r) - 1 + r * r / 2) / r**4),
            0,
            quarter,
            6,
            "(cos r - 1 + r^2/2) / r^4 in r^2",
        ),
        ("kAtan64", "double", root(lambda q: (mp.atan(q) - q) / q**3), 0, bend, 12, "(atan q - q) / q^3 in q^2"),
        ("kErf64", "double", root(lambda x: mp.erf(x) / x), 0, mp.mpf("0.5626"), 12, "erf(x) / x in x^2, x <= 0.75"),
        (
            "kErfcx64",
            "double",
            erfcx_in_t,
            t_of(0.5),
            t_of(28),
            21,
            "e^(x^2) erfc(x) (1 + 2x) in (x - 3.75) / (x + 3.75)",
        ),
        ("kExp32", "float", by_series(exp_tail), -0.3475, 0.3475, 4, "(e^r - 1 - r) / r^2"),
        ("kLog32", "float", by_series(log1p_tail), log_low, log_high, 8, "(log(1+f) - f + f^2/2) / f^3"),
        ("kSin32", "float", sin_tail, 0, quarter, 2, "(sin r - r) / r^3 in r^2"),
        (
            "kCos32",
            "float",
            root(lambda r: (mp.cos(r) - 1 + r * r / 2) / r**4),
            0,
            quarter,
            2,
            "(cos r - 1 + r^2/2) / r^4 in r^2",
        ),
        (
            "kTanh32",
            "float",
            root(lambda x: (mp.tanh(x) - x) / x**3),
            0,
            mp.mpf("0.391"),
            4,
            "(tanh x - x) / x^3 in x^2, x <= 0.625",
        ),
        ("kErf32", "float", root(lambda x: mp.erf(x) / x), 0, 1, 6, "erf(x) / x in x^2, x <= 1"),
        ("kErfTail32", "float", lambda x: mp.log(mp.erfc(x)), 1, 4, 7, "log(erfc x), 1 <= x <= 4"),
        (
            "kErfcx32",
            "float",
            erfcx_near,
            t_near(0.5),
            t_near(10.1),
            9,
            "e^(x^2) erfc(x) (1 + 2x) in (x - 2) / (x + 2), 0.5 <= x <= 10.1",
        ),
        ("kSinh32", "float", root(lambda x: (mp.sinh(x) - x) / x**3), 0, 1, 3, "(sinh x - x) / x^3 in x^2, x <= 1"),
        ("kAtan32", "float", root(lambda q: (mp.atan(q) - q) / q**3), 0, bend, 4, "(atan q - q) / q^3 in q^2"),
        (
            "kAsin32",
            "float",
            root(lambda x: (mp.asin(x) - x) / x**3),
            0,
            mp.mpf("0.2505"),
            5,
            "(asin x - x) / x^3 in x^2, x <= 0.5",
        ),
    ]
    print("// Coefficients of the vector math, lowest power first. Made by fit_polynomials.py: change them there.")
    print("#pragma once\n")
    print("namespace headwater::polynomials {\n")
    for name, kind, function, low, high, degree, meaning in table:
        coefficients, worst = fit(function, low, high, degree)
        print(f"// {meaning}; largest error {mp.nstr(worst, 2)}")
        print(f"inline constexpr {kind} {name}[] = {{")
        digits, suffix = (20, "") if kind == "double" else (11, "f")
        for c in coefficients:
            text = mp.nstr(c, digits, min_fixed=1, max_fixed=0)
            print(f"    {text}{suffix},")
        print("};\n")
        sys.stderr.write(f"{name} {mp.nstr(worst, 3)}\n")
    print("}  // namespace headwater::polynomials")


if __name__ == "__main__":
    main()
