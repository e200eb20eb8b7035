"""The cloud on one machine: what ``template.yaml`` describes, stood up on a laptop.

``python -m infra.local`` is an HTTP gateway in front of real Lambda environments. Imports run one
way: ``__main__`` → cloud → gateway → {static, concurrency} → report → environment → template; the
two kinds of environment, emulator and worker, are known only to ``cloud``. AWS beside Lambda is
``stand_in`` → tables.
"""
