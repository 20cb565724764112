/** What stands in a tab whose page could not be made. */
import * as React from 'react';
import { type IContext, KfWidget } from '../ui/context';
import { asKfError } from '../ui/hooks';
import { ErrorBox } from '../ui/pieces';

export function makeFailure(context: IContext, failure: unknown): KfWidget {
  return new KfWidget(context, <ErrorBox error={asKfError(failure)} />);
}
