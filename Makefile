# Every target is one command of tools/start.py; the README has the lines for a machine without make.
#   make run PORT=8502        another port
#   make test ARGS="-k drug"  only some tests
#   PYTHON=python3.12         another interpreter, for every target

PYTHON ?= python3
START = $(PYTHON) tools/start.py

.PHONY: run test test-all lint samples screenshots

run:
	@$(START) run $(if $(PORT),--port $(PORT))

test test-all samples:
	@$(START) $@ $(ARGS)

lint screenshots:
	@$(START) $@
