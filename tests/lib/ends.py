# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two processes that exchange data through a server, and what they report."""

import contextlib
import json
import os
import signal
import subprocess

import prosody

MIB = 1024 * 1024


def _start(environment, arguments, prepare=None):
    return subprocess.Popen((os.environ['IBB_TEST_TRANSFER_END'],) + arguments,
                            env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            preexec_fn=prosody.die_with_parent(signal.SIGTERM, prepare))


def transfer(environment, there, back=0, tls='starttls', window=0, block_size=0, port=0,
             prepare=None, timeout=500):
    """alice sends bob so many bytes, and bob alice; returns the reports of both.

    window holds for both; port, e.g. that of a proxy, and prepare (preexec_fn) for alice.
    """
    common = ('--tls', tls, '--window', str(window), '--block-size', str(block_size))
    with contextlib.ExitStack() as stack:
        def start(*arguments, prepare=None):
            process = _start(environment, common + arguments, prepare)
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        bob = start('--account', 'bob', '--peer', 'alice', '--send', str(back))
        line = bob.stdout.readline()
        assert line == 'ready\n', line + bob.stderr.read()
        alice = start('--account', 'alice', '--peer', 'bob', '--open', '--send', str(there),
                      '--port', str(port), prepare=prepare)
        reports = []
        for name, process in (('alice', alice), ('bob', bob)):
            output, errors = process.communicate(timeout=timeout)
            assert process.returncode == 0, f'{name}: exit {process.returncode}\n{errors}'
            assert not errors, errors
            reports.append(json.loads(output))
    alice_report, bob_report = reports
    assert alice_report['sent'] == bob_report['received'] == there
    assert bob_report['sent'] == alice_report['received'] == back
    assert alice_report['sent_sha256'] == bob_report['received_sha256']
    assert bob_report['sent_sha256'] == alice_report['received_sha256']
    return alice_report, bob_report
