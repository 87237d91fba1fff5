# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cases for the function measuring in sizes.py: source text, and the (name, length) it must find."""

CASES = [
    ("plain", "int f(int a) {\n    return a;\n}\n", [("f", 3)]),
    ("one line", "inline int f() { return 1; }\n", [("f", 1)]),
    ("in a namespace", "namespace a::b {\nvoid f() {\n    g();\n}\n} // namespace\n", [("f", 3)]),
    ("anonymous namespace", "namespace {\nvoid f() {\n}\n}\n", [("f", 2)]),
    ("extern C", 'extern "C" {\nvoid f() {\n}\n}\n', [("f", 2)]),
    ("members", "class A {\n  public:\n    A() : x_{1}, y_(2) {\n        g();\n    }\n"
     "    int x() const { return x_; }\n\n  private:\n    int x_{0};\n    int y_ = 0;\n};\n",
     [("A", 3), ("x", 1)]),
    ("constructor out of line", "A::A(int a)\n    : x_{a},\n      y_{std::move(a)} {\n    g();\n}\n",
     [("A::A", 3)]),
    ("constructor without body", "A::A(int a) noexcept : x_{a} {}\n", [("A::A", 1)]),
    ("trailing words", "auto f() const noexcept -> std::vector<int> {\n    return {};\n}\n", [("f", 3)]),
    ("control flow", "void f() {\n    if (a) {\n        b();\n    } else {\n        c();\n    }\n}\n",
     [("f", 7)]),
    ("lambda inside", "void f() {\n    auto g = [](int a) {\n        return a;\n    };\n}\n", [("f", 5)]),
    ("lambda outside", "const auto g = [](int a) {\n    return a;\n};\n", [("g", 3)]),
    ("data is no function", "constexpr int a[] = {\n    1,\n    2,\n};\nstruct B b{1, f(2)};\n", []),
    ("member is no function", "struct A {\n    char b[8 - sizeof(int)]{};\n"
     "    std::function<void(int)> c_{};\n};\n", []),
    ("lambda without parameters", "const auto g = h([] {\n    return 1;\n});\n", []),
    ("requires at the end", "template <class T> void f(T a) requires B<T> {\n}\n", [("f", 2)]),
    ("call with a list", "const auto a = std::to_array<int>({\n    1,\n    2,\n});\n", []),
    ("enum", "enum class A : int {\n    b = f(1),\n};\nvoid f() {\n}\n", [("f", 2)]),
    ("aligned struct", "struct alignas(64) A {\n    int b() const {\n        return 1;\n    }\n};\n",
     [("b", 3)]),
    ("attribute", "[[nodiscard]] __attribute__((noinline)) int f() {\n}\n", [("f", 2)]),
    ("template", "template <class T>\nrequires std::is_class_v<T>\nT f(T a) {\n    return a;\n}\n",
     [("f", 3)]),
    ("struct in a signature", "struct A* f(struct B* b) {\n    return 0;\n}\n", [("f", 3)]),
    ("default argument", "void f(std::vector<int> a = {}, int b = 1) {\n    g();\n}\n", [("f", 3)]),
    ("operators", "bool operator==(A a, A b) {\n    return true;\n}\n"
     "A& operator=(A a) {\n    return *this;\n}\n", [("operator==", 3), ("operator=", 3)]),
    ("strings and comments", 'void f() {\n    // }\n    g("}\\"}"); /* }\n } */\n    h(\'}\');\n}\n',
     [("f", 6)]),
    ("raw string", 'void f() {\n    g(R"x(\n}}}\n)x");\n}\n', [("f", 5)]),
    ("digit separators", "int a = 1'000'000;\nvoid f() {\n    g(0xff'ff, '{');\n}\n", [("f", 3)]),
    ("macro with braces", "#define F(a) \\\n    do { \\\n        a;\nvoid f() {\n}\n", [("f", 2)]),
    ("macro before", "G_DEFINE_TYPE(A, a, B)\n\nvoid f() {\n}\n", [("f", 2)]),
    ("test case", "TEST(Ring, HoldsItems) {\n    g();\n}\n", [("TEST(Ring, HoldsItems)", 3)]),
    ("fixture", "class A : public ::testing::Test {\n  protected:\n    void SetUp() override {\n    }\n};\n",
     [("SetUp", 2)]),
    ("for at several scopes", "void f() {\n    for (int i = 0; i < 3; ++i) {\n        g();\n    }\n}\n"
     "void h() {\n}\n", [("f", 5), ("h", 2)]),
]

BROKEN = ["void f() {\n", "void f() {\n}\n}\n"]


def same(found, wanted):
    """Names may come with more in front; the estimate is about lengths."""
    return [f.length for f in found] == [length for _, length in wanted] and all(
        name.split("(")[0] in f.name or f.name in name for f, (name, _) in zip(found, wanted))


def run(functions):
    failed = 0
    for what, text, wanted in CASES:
        found = functions(text)
        if not same(found, wanted):
            failed += 1
            print(f"{what}: wanted {wanted}, found {[(f.name, f.length) for f in found]}")
    for text in BROKEN:
        try:
            functions(text)
        except ValueError:
            continue
        failed += 1
        print(f"unbalanced braces were not noticed: {text!r}")
    print(f"function measuring: {len(CASES) + len(BROKEN) - failed} passed, {failed} failed")
    return 1 if failed else 0
