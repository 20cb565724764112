"""A study on this machine: ``python -P -m jupyter_kf.backends.local.trials RUN_FOLDER``.

    driver    asks Optuna for parameters, starts trials, hears their reports, tells the results
    zygote    holds the imports and the rows, loaded once, and forks a process for each trial
    trial     one forked process: runs the cell, reports, leaves an outcome
    search    the study in its journal: sampler, pruner, what a crash left behind
    journal   the journal file with one writer
    records   trials/<n>/trial.json and study.json, written; `store/studies.py` reads them
    judge     whether a trial completed, and what its end means

Only `search` and `journal` import Optuna. One process owns the journal, so that the number of
trials is exact and "best so far" has one answer; all trials are processes.
"""
