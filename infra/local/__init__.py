"""The cloud on one machine: what ``template.yaml`` describes, stood up on a laptop.

An HTTP gateway in front of real Lambda environments: ``python -m infra.local``. Imports run one way:
``__main__`` → cloud → gateway → {static, concurrency} → report → environment, and the two kinds of
environment, emulator and worker, are known only to ``cloud``.
"""
