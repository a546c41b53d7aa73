"""How environment.sh finds promtool. The package manager is a stub."""

import subprocess
import tempfile
import unittest
from pathlib import Path

ENVIRONMENT = Path(__file__).parents[2] / "environment.sh"

UNPACKED = "mkdir -p usr/bin && printf '#!/bin/sh\\n' > usr/bin/promtool && chmod +x usr/bin/promtool"


class FindPromtoolTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.monitoring = Path(folder.name)
        self.programs = self.monitoring / "bin"
        self.programs.mkdir()
        for name in ["mkdir", "rm", "mv", "sed", "sh", "chmod"]:
            (self.programs / name).symlink_to(f"/bin/{name}")

    def test_the_package_is_unpacked(self) -> None:
        self.program("apt-get", ": > prometheus_2_amd64.deb")
        self.program("dpkg-deb", UNPACKED)

        result = self.find()

        self.assertEqual("", result.stderr)
        self.assertEqual(f"{self.monitoring}/target/prometheus/usr/bin/promtool", result.stdout)

    def test_a_failed_download_is_reported_with_its_cause(self) -> None:
        self.program("apt-get", "echo 'E: Unable to locate package prometheus' >&2; exit 100")

        result = self.find()

        self.assertEqual(1, result.returncode)
        self.assertIn("  E: Unable to locate package prometheus\n", result.stderr)
        self.assertIn("promtool is needed, and the package prometheus", result.stderr)

    def test_a_failed_extraction_leaves_nothing_that_looks_complete(self) -> None:
        self.program("apt-get", ": > prometheus_2_amd64.deb")
        self.program("dpkg-deb", UNPACKED + "; echo 'dpkg-deb: error: unexpected end of file' >&2; exit 2")

        first = self.find()
        second = self.find()

        self.assertIn("  dpkg-deb: error: unexpected end of file\n", first.stderr)
        self.assertEqual(1, second.returncode)

    def test_a_package_without_promtool_is_reported(self) -> None:
        self.program("apt-get", ": > prometheus_2_amd64.deb")
        self.program("dpkg-deb", "exit 0")

        self.assertIn("  the package contains no usr/bin/promtool\n", self.find().stderr)

    def test_a_machine_without_packages_is_told_what_to_do(self) -> None:
        result = self.find()

        self.assertIn("apt-get: command not found", result.stderr)
        self.assertIn("put it on the path, or set PROMTOOL to its file", result.stderr)

    def test_a_wrong_setting_is_named(self) -> None:
        result = self.find(PROMTOOL="/no/promtool")

        self.assertEqual(1, result.returncode)
        self.assertEqual(
            'PROMTOOL must be the file of promtool, but was "/no/promtool", which is no program\n', result.stderr
        )

    def find(self, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", f'. "{ENVIRONMENT}"; find_promtool; printf %s "$promtool"'],
            env={"PATH": str(self.programs), "monitoring": str(self.monitoring), **settings},
            capture_output=True,
            text=True,
            check=False,
        )

    def program(self, name: str, script: str) -> None:
        file = self.programs / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
