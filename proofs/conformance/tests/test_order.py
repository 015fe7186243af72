"""The order of Prisma's command line, which Lockstep's prediction is compared with."""

import random

from proofs.conformance.order import icu_order


def ascii_names(count, seed):
    """Returns names of printable ASCII, so similar to one another that every character decides the order somewhere."""
    random_ = random.Random(seed)
    printable = [chr(code) for code in range(32, 127) if chr(code) != "/"]
    letters = "aAbB019_- "
    return sorted({
        "".join(random_.choice(letters if random_.random() < 0.7 else printable) for _ in range(random_.randint(1, 8)))
        for _ in range(count)
    })


def test_it_is_one_order_whatever_came_first():
    names = ascii_names(4000, seed=1)
    ordered = icu_order(names)
    assert sorted(ordered) == names
    shuffled = names.copy()
    random.Random(2).shuffle(shuffled)
    assert icu_order(shuffled) == ordered
    # The order differs from that of the bytes. Otherwise there would be nothing to predict.
    assert ordered != names


def test_of_names_as_prisma_makes_them_it_is_that_of_bytes():
    random_ = random.Random(3)
    words = ["".join(random_.choices("abcxyz_019", k=6)) for _ in range(3000)]
    names = sorted(f"{random_.randrange(20200101000000, 20301231235959)}_{word}" for word in words)
    assert icu_order(names) == names


def test_letters_count_before_case_and_punctuation_comes_before_digits():
    assert icu_order(["B", "a", "A", "b", "1", "_", "a1", "a_b"]) == ["_", "1", "a", "A", "a_b", "a1", "b", "B"]
