#!/usr/bin/env python3
"""The structure tests can fail: each rule is shown a small tree that breaks it, and one that keeps it."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import bans
import guarantees
import headers
import layering
import names
import source
import tree

MODULES = """set(LIVELAMBDA_MODULES base net app session)
set(MAY_USE_base)
set(MAY_USE_net base)
set(MAY_USE_app base)
set(MAY_USE_session app net)
"""
ARCHITECTURE = """# Architecture
| src/ | what lives there | may use |
| --- | --- | --- |
| `base/` | ground | – |
| `net/` | network | base |
| `app/` | model | base |
| `session/` | all, joined | app, net |

## Planned
| `web/` | page | net |
"""
README = "# base\nOne.\nTwo.\nThree.\n"


class Fixture(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        self.write("cmake/Modules.cmake", MODULES)
        self.write("docs/architecture.md", ARCHITECTURE)
        for module in ("base", "net", "app", "session"):
            self.write(f"src/{module}/README.md", README)
            self.write(f"src/{module}/{module}.h", "#pragma once\n")

    def write(self, name, text):
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def finds(self, check, *starts):
        """The findings are as many as `starts`, and begin with them."""
        found = sorted(check(self.root))
        self.assertEqual(len(found), len(starts), found)
        for finding, start in zip(found, sorted(starts)):
            self.assertTrue(finding.startswith(start), f"{finding!r} does not begin with {start!r}")


class Layering(Fixture):
    def test_passes_what_the_table_allows(self):
        self.write("src/session/a.cc", '#include "session/session.h"\n#include "app/app.h"\n#include "base/base.h"\n#include <net/foo>\n')
        self.finds(layering.check)

    def test_names_file_line_and_missing_edge(self):
        self.write("src/app/a.cc", '// app\n#include "net/net.h"\n')
        self.finds(layering.check, "src/app/a.cc:2: app -> net")

    def test_holds_for_tests_and_for_upward_includes(self):
        self.write("src/app/a_test.cc", '#include "session/session.h"\n')
        self.write("src/base/b.h", '#include "app/app.h"\n')
        self.finds(layering.check, "src/app/a_test.cc:1: app -> session", "src/base/b.h:1: base -> app")

    def test_knows_what_is_reached_through_another(self):
        self.write("cmake/Modules.cmake", MODULES.replace("MAY_USE_session app net", "MAY_USE_session app").replace("MAY_USE_app base", "MAY_USE_app net"))
        self.write("docs/architecture.md", ARCHITECTURE.replace("app, net", "app").replace("| model | base", "| model | net"))
        self.write("src/session/a.cc", '#include "net/net.h"\n')
        self.finds(layering.check)

    def test_keeps_fakes_out_of_products(self):
        self.write("src/net/testing/fake.h", "#pragma once\n")
        self.write("src/net/a_test.cc", '#include "net/testing/fake.h"\n')
        self.write("src/net/a.cc", '#include "net/testing/fake.h"\n')
        self.finds(layering.check, "src/net/a.cc:1: ")

    def test_wants_includes_written_from_src(self):
        self.write("src/net/a.cc", '#include "net.h"\n')
        self.finds(layering.check, "src/net/a.cc:1: ")

    def test_keeps_the_parts_of_a_module_apart(self):
        self.write("cmake/Modules.cmake", MODULES + "set(PARTS_net one two server)\n")
        for header in ("one/one.h", "one/inner.h", "two/two.h"):
            self.write("src/net/" + header, "#pragma once\n")
        self.write("src/net/two/a.cc", '#include "net/one/one.h"\n#include "net/net.h"\n#include "net/one/inner.h"\n')
        self.write("src/net/server/a.cc", '#include "net/one/inner.h"\n')
        self.finds(layering.check, "src/net/two/a.cc:3: ")

    def test_refuses_circles(self):
        self.write("cmake/Modules.cmake", MODULES.replace("set(MAY_USE_base)", "set(MAY_USE_base net)"))
        self.write("docs/architecture.md", ARCHITECTURE.replace("ground | –", "ground | net"))
        # a circle in the table is told and not followed
        self.assertTrue(any("base may use net" in finding for finding in layering.check_order(*source.modules_table(self.root))))

    def test_compares_the_document_with_the_table(self):
        self.write("docs/architecture.md", ARCHITECTURE.replace("app, net", "app"))
        self.finds(layering.check, "docs/architecture.md: session may use")
        self.write("docs/architecture.md", ARCHITECTURE.replace("| `app/` | model | base |\n", ""))
        self.finds(layering.check, "docs/architecture.md: its modules are")


class Bans(Fixture):
    def finds_in(self, text, *starts, name="src/net/a.cc"):
        self.write(name, text)
        self.finds(bans.check, *(f"{name}:{start}" for start in starts))

    def test_detached_coroutines(self):
        self.finds_in("\nstart(asio::detached);\n", "2: asio::detached")
        self.finds_in("// asio::detached is banned\nauto s = \"asio::detached\";\n")

    def test_co_spawn_outside_the_task_group(self):
        self.finds_in("asio::co_spawn(e, f(), g);\n", "1: co_spawn")
        self.finds_in("", name="src/net/a.cc")
        self.finds_in("asio::co_spawn(e, f(), g);\n", name="src/base/task_group.cc")

    def test_beast_outside_net(self):
        self.finds_in("#include <boost/beast/http.hpp>\n#include <boost/asio/ssl/stream.hpp>\n", "1: boost", "2: boost", name="src/app/a.h")

    def test_beast_through_a_header_of_net(self):
        self.write("src/net/wire.h", "#include <boost/beast/http.hpp>\n")
        self.write("src/net/wider.h", '#include "net/wire.h"\n')
        self.write("src/net/a.cc", '#include "net/wider.h"\n')
        self.finds_in('#include "net/net.h"\n#include "net/wider.h"\n', "2: net/wider.h", name="src/session/a.cc")

    def test_macros(self):
        self.finds_in("#define MAX(a, b) a\n", "1: macro MAX")
        self.finds_in("", name="src/net/a.cc")
        self.finds_in("#define TRY(x) x\n#define LL_A\n#define OTHER\n", "3: macro OTHER", name="src/base/result.h")

    def test_new_and_delete(self):
        self.finds_in("auto* a = new Thing();\ndelete a;\ndelete[] b;\nf(new (std::nothrow) T);\n", "1: new", "2: delete", "3: delete", "4: new")
        self.finds_in(
            "#include <new>\nT(const T&) = delete;\nstd::unique_ptr<Endpoint> e(new Endpoint(x));\nreturn std::unique_ptr<a::B>(new a::B);\n"
            "int renew = 0, new_one = 1; // a new one\n"
        )

    def test_capturing_lambdas_that_are_coroutines(self):
        self.finds_in("auto f = [this](int a) -> awaitable<void> {\n  co_return;\n};\n", "1: a capturing lambda")
        self.finds_in("g([&, x = f(1)](std::function<void(int)> a) mutable -> asio::awaitable<base::Result<>> { co_await h(); });\n", "1: a capt")
        self.finds_in("auto f = [x] -> awaitable<int> { co_return x; };\n", "1: a capturing lambda")

    def test_lambdas_that_are_not(self):
        self.finds_in("auto f = [](int a) -> awaitable<void> { co_return; };\n")
        self.finds_in("auto f = [this](int a) -> awaitable<void> { return handle(a); };\nawaitable<void> g() { co_return; }\n")

    def test_sleeping_threads(self):
        self.finds_in("std::this_thread::sleep_for(1s);\n::usleep(5);\nco_await base::sleep_for(1ms);\n", "1: a thread", "2: a thread", name="src/net/a_test.cc")

    def test_skips_without_a_reason(self):
        self.finds_in('GTEST_SKIP();\nGTEST_SKIP() << "";\nGTEST_SKIP() << "SKIPPED JUDGE: botocore";\n', "1: GTEST", "2: GTEST", name="src/net/a_test.cc")

    def test_std_format(self):
        self.finds_in('auto a = std::format("{}", 1);\nauto b = fmt::format("{}", 1);\n', "1: std::format")


class Headers(Fixture):
    def test_names_without_their_header(self):
        self.write("src/app/app.h", "#pragma once\n#include <vector>\n\nstd::string f(std::vector<int> a);\n")
        self.finds(headers.check_names, "src/app/app.h:4: uses std::string")

    def test_names_through_the_projects_own_headers(self):
        self.write("src/base/base.h", '#pragma once\n#include <string>\n#include "app/app.h"\n')
        self.write("src/app/app.h", '#pragma once\n#include "base/base.h"\n// std::map is not used\nstd::string f(std::string_view a);\n')
        self.finds(headers.check_names)

    @unittest.skipUnless(shutil.which("clang++-19"), "no clang++-19: no header was compiled")
    def test_headers_that_do_not_compile_alone(self):
        self.write("src/app/good.h", '#pragma once\n#include "app/bad.h"\n')
        self.write("src/app/app.h", "#pragma once\nstruct App {};\n")
        self.write("src/app/bad.h", "#pragma once\nApp make();\n")
        command = f"clang++-19 -std=c++20 -Wall -Werror -I{self.root}/src -o a.o -c a.cc"
        self.write("build/dev/compile_commands.json", '[{"file": "%s/src/app/a.cc", "command": "%s"}]' % (self.root, command))

        def check(root):
            return [finding for finding in headers.check_compile(root, root / "build/dev") if "/app/" in finding]

        self.finds(check, "src/app/bad.h:1: does not compile alone", "src/app/good.h:1: does not compile alone")
        self.write("src/app/bad.h", '#pragma once\n#include "app/app.h"\nApp make();\n')
        self.finds(check)  # the second run looks again at what its first includes
        self.write("src/app/app.h", "#pragma once\n")
        self.finds(check, "src/app/bad.h:1: does not compile alone", "src/app/good.h:1: does not compile alone")


class Guarantees(Fixture):
    def setUp(self):
        super().setUp()
        self.write("src/base/a_test.cc", "TEST_F(Loop, Ends) {\n")
        self.write("tests/e2e/test_a.py", "def test_one(cloud):\n")

    def test_passes_tests_that_are_there(self):
        self.write("docs/guarantees.md", "| a | `src/base/a_test.cc::Loop.Ends`, `tests/e2e/test_a.py::test_one` |\n")
        self.finds(guarantees.check)

    def test_names_tests_that_are_not(self):
        self.write("docs/guarantees.md", "`src/base/a_test.cc::Loop.Begins`\n`tests/e2e/test_a.py::test_on` `tests/e2e/test_b.py::test_one`\n")
        self.finds(guarantees.check, "docs/guarantees.md:1: src/base/a_test.cc has no test", "docs/guarantees.md:2: tests/e2e/test_a.py has no",
                   "docs/guarantees.md:2: there is no tests/e2e/test_b.py")

    def test_a_document_without_tests(self):
        self.write("docs/guarantees.md", "All is well.\n")
        self.finds(guarantees.check, "docs/guarantees.md: names no test")


class Tree(Fixture):
    def test_passes_a_whole_tree(self):
        self.finds(tree.check)

    def test_missing_readme_and_unknown_folder(self):
        (self.root / "src/net/README.md").unlink()
        self.write("src/extra/README.md", README)
        self.write("src/extra/a.cc", "")
        self.write("src/app/README.md", "# app\n")
        self.finds(tree.check, "src/net: has no README.md", "src/extra: stands not in", "src/app/README.md: has 1 lines")

    def test_missing_and_empty_folders(self):
        shutil.rmtree(self.root / "src/net")
        (self.root / "src/app/app.h").unlink()
        self.finds(tree.check, "cmake/Modules.cmake: net has no folder", "src/app: has no code")

    def test_foreign_words_in_tracked_files(self):
        self.write("a.md", "one\nsee /" + "work/main and /" + "root/.cache, not /network/work/x\n")
        self.write("package-lock.json", '"resolved": "' + 'https://example.org/a.tgz"\n')
        self.write("b.txt", "https://" + "pypi" + ".org/simple\n")
        self.write("untracked.md", "/" + "work/main\n")
        subprocess.run(["git", "init", "-q"], cwd=self.root, check=True)
        subprocess.run(["git", "add", "a.md", "b.txt", "package-lock.json"], cwd=self.root, check=True)
        self.finds(tree.check, "a.md:2: a path", "a.md:2: a path", "b.txt:1: the host", "package-lock.json:1: a lock file")


class Names(Fixture):
    def test_a_type_and_a_function_of_one_name_stand_once(self):
        self.write("src/net/a.h", "namespace net {\nstruct Page {\n  int a;\n};\ninline int sum(int a) {\n  return a;\n}\n}\n")
        self.write("src/net/b.cc", "namespace net {\nstruct Page {\n  long b;\n};\nint sum(int a) {\n  return a;\n}\n}\n")
        self.finds(names.check, "src/net/a.h:2: type net::Page", "src/net/a.h:5: function net::sum")

    def test_what_is_unnamed_inside_or_elsewhere_is_free(self):
        self.write("src/net/a.h", "namespace net {\nstruct Page {\n  int a;\n};\nstruct Page::Inner {\n};\n}\n")
        self.write("src/net/b.cc", "namespace net {\nnamespace {\nstruct Page {\n};\nint f() {\n  return 1;\n}\nstruct Book {\n};\n}\n}\n")
        self.write("src/net/c.cc", "namespace net {\nnamespace {\nint f() {\n  return 1;\n}\nstruct Book {\n};\n}\n}\n")
        self.write("src/app/d.cc", "namespace app {\nstruct Page {\n};\n}\n")
        self.finds(names.check)


class Source(unittest.TestCase):
    def test_comments_and_literals_are_no_code_and_lines_stay(self):
        code = source.code_of('a /* new\n */ b // new\n"new \\" new" R"x(new\n")x" \'"\' 1\'000 c\n')
        self.assertNotIn("new", code)
        self.assertEqual(code.count("\n"), 4)
        for kept in ("a", "b", "c", "1'000"):
            self.assertIn(kept, code)


if __name__ == "__main__":
    unittest.main()
