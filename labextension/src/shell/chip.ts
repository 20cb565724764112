/** The status chip: where jobs go, how many run, how many wait. */
import { type Widget } from '@lumino/widgets';
import * as React from 'react';
import { CommandIDs } from '../tokens';
import { type IContext, KfWidget, useKf } from '../ui/context';
import { noPlaceWords, workWords } from '../ui/where';
import { useSignal } from '../ui/signal';
import { kubeflowIcon } from '../ui/icons';

export function makeChip(context: IContext): Widget {
  return new KfWidget(context, React.createElement(Chip), 'jp-Kf-chip');
}

function Chip(): React.ReactElement {
  const { kf, trans, commands } = useKf();
  useSignal(kf.whereChanged);
  const { where, trouble, denied } = kf;
  const place = !where
    ? noPlaceWords(kf, trans)
    : where.backend === 'local'
      ? trans.__('this machine')
      : [where.backend, where.namespace].filter(Boolean).join(' · ');
  const work = where ? workWords(where, trans) : '';
  return React.createElement(
    'button',
    {
      type: 'button',
      className: 'jp-StatusBar-GroupItem',
      title: trouble ?? trans.__('Kubeflow jobs run on: %1', place),
      onClick: () => void commands.execute(CommandIDs.showPanel)
    },
    React.createElement(kubeflowIcon.react, {
      tag: 'span',
      className: 'jp-Kf-chipIcon'
    }),
    trouble && where
      ? denied
        ? trans.__('%1 · not permitted', place)
        : trans.__('%1 · no answer', place)
      : [place, work].filter(Boolean).join(' · ')
  );
}
