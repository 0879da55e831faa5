"""Runs two or more commands in turn (A B A B ...) and compares a figure that each prints as JSON on its last line.

  python3 interleave.py --repeat 5 'build/benchmarks/model_speed ...' 'python3 benchmarks/peers/lstm_lm.py speed ...'

Interleaved, because a machine's speed drifts; medians, because neighbours disturb. The ratio is a command's median over
the first one's: 2.0 means that the first one is twice as fast.
"""
import argparse
import json
import statistics
import subprocess
import sys


def figure_of(command, key):
    """What the last line of the command's output says of the key."""
    result = subprocess.run(command, shell=True, stdout=subprocess.PIPE, text=True)
    if result.returncode != 0:
        sys.exit(f'{command}: exit code {result.returncode}')
    return float(json.loads(result.stdout.strip().splitlines()[-1])[key])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('commands', nargs='+', metavar='COMMAND')
    parser.add_argument('--repeat', type=int, default=5, help='rounds')
    parser.add_argument('--key', default='ms_per_step', help='the figure to compare')
    options = parser.parse_args()
    figures = [[] for _ in options.commands]
    for _ in range(options.repeat):
        for command, found in zip(options.commands, figures):
            found.append(figure_of(command, options.key))
    medians = [statistics.median(found) for found in figures]
    for command, found, median in zip(options.commands, figures, medians):
        print(f'{median:10.3f} {options.key}  (least {min(found):.3f}, most {max(found):.3f})  '
              f'ratio {median / medians[0]:.3f}  {command}')


if __name__ == '__main__':
    main()
