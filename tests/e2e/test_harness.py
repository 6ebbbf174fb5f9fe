"""The harness itself: what it writes, what it waits for, and that nothing outlives a test."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

import harness


class Yaml(unittest.TestCase):
    def test_nested(self):
        text = harness.yaml({"a": {"b": [1, {"c": "x: y", "d": []}, "é"], "e-f": True}, "g": {}})
        self.assertEqual(text, 'a:\n  b:\n    - 1\n    - c: "x: y"\n      d: []\n    - "é"\n  "e-f": true\ng: {}')

    def test_merge(self):
        self.assertEqual(harness.merge({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"c": None, "e": 4}, "d": [5]}),
                         {"a": {"b": 1, "e": 4}, "d": [5]})


class Waiting(unittest.TestCase):
    def test_value_and_limit(self):
        values = iter([None, 0, "there"])
        self.assertEqual(harness.wait_until(lambda: next(values)), "there")
        with self.assertRaisesRegex(AssertionError, "the moon"):
            harness.wait_until(lambda: False, 0.05, "the moon")


class Sites(harness.Test):
    def test_folder_and_secrets(self):
        site = self.site(config={"twilio": {"timeout": "3s"}, "groups": None})
        text = site.config_path.read_text()
        self.assertIn('timeout: "3s"', text)
        self.assertNotIn("groups", text)
        self.assertNotIn(harness.TOKEN, text)
        self.assertEqual(site.token_path.stat().st_mode & 0o777, 0o600)

    def test_detached_process_is_ended(self):
        site = harness.Site()
        code = "import os,time\nif os.fork() == 0:\n os.setsid()\n os.closerange(0, 3)\n time.sleep(600)"
        done = site.run("-c", code, binary=sys.executable)
        self.assertEqual(done.returncode, 0, done.stderr)
        harness.wait_until(site.survivors)
        site.close()
        self.assertEqual(site.survivors(), [])
        self.assertFalse(site.folder.exists())

    def test_environment_is_bare(self):
        os.environ["NAGIOS_HOSTNAME"] = "stray"
        self.addCleanup(os.environ.pop, "NAGIOS_HOSTNAME")
        site = self.site()
        done = site.run("-c", "import os,json; print(json.dumps(dict(os.environ)))", binary=sys.executable,
                        env={"NAGIOS_SERVICEDESC": "disk"})
        env = json.loads(done.stdout)
        self.assertNotIn("NAGIOS_HOSTNAME", env)
        self.assertEqual(env["NAGIOS_SERVICEDESC"], "disk")


class Simulators(harness.Test):
    def test_ends_with_its_starter(self):
        code = ("import harness,os\nsim = harness.Simulator()\nprint(sim.process.pid, flush=True)\nos._exit(1)")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30,
                              cwd=os.path.dirname(harness.__file__), env={**os.environ, "TMPDIR": folder.name})
        pid = int(done.stdout)

        def gone():
            try:
                with open(f"/proc/{pid}/stat") as f:
                    return f.read().rpartition(")")[2].split()[0] in "ZX"
            except OSError:
                return True

        harness.wait_until(gone, 10, "the simulator ended with its starter")

    def test_does_not_start_twice_on_a_port(self):
        sim = self.simulator()
        with self.assertRaises(RuntimeError):
            harness.Simulator(port=sim.port)


if __name__ == "__main__":
    unittest.main()
