/** What this user may do: what the server would refuse is not offered, and a line says so. */
import * as React from 'react';
import type { May } from '../wire';
import { useKf } from './context';
import { useSignal } from './signal';

export type Permission = keyof May;

/** Whether one may; yes until the server has told. */
export function useMay(): (what: Permission) => boolean {
  const { kf } = useKf();
  useSignal(kf.whereChanged);
  return what => kf.where?.may?.[what] ?? true;
}

/** What is there only for who may do it. */
export function Only(props: {
  may: Permission;
  children: React.ReactNode;
}): React.ReactElement | null {
  return useMay()(props.may) ? <>{props.children}</> : null;
}

/** Says why something is not offered; nothing to who may do it. */
export function LookOnly(props: {
  may: Permission;
  className?: string;
}): React.ReactElement | null {
  const { trans } = useKf();
  return useMay()(props.may) ? null : (
    <p className={`jp-Kf-quiet ${props.className ?? ''}`} role="note">
      {props.may === 'cells'
        ? trans.__(
            'You may not run code here, so no cell is inserted: ask the admin of this server for the permission.'
          )
        : trans.__(
            'You may look here, and do no more: ask the admin of this server for the permission.'
          )}
    </p>
  );
}
