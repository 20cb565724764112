/** The page of an endpoint: what it serves and why, proof, traffic, versions, and trying it. */
import * as React from 'react';
import { part } from '../services/rest';
import { ENDED } from '../services/validate';
import { Ago } from '../ui/clock';
import { type IContext, KfWidget, useKf } from '../ui/context';
import { shortDigest, versioned } from '../ui/names';
import { useFetched } from '../ui/hooks';
import {
  ActionNote,
  Fetched,
  type IAction,
  LineageSection,
  PageHead,
  ThingLink,
  useAction
} from '../ui/page';
import { LookOnly, Only } from '../ui/may';
import { Button, ConfirmButton, Facts, ProblemBox, Section } from '../ui/pieces';
import { StateBadge, stateWord } from '../ui/state';
import { Table } from '../ui/table';
import type { Check, Checked, EndpointAnswered, EndpointPaper, Version } from '../wire';
import { backWords, checkedWords } from './form';
import { Parity } from './parity';
import { Traffic } from './trafficview';
import { TryIt } from './tryit';

export function makeEndpointPage(context: IContext, id: string): KfWidget {
  return new KfWidget(context, <EndpointPage name={id} />, 'jp-Kf-endpointPage');
}

function EndpointPage({ name }: { name: string }): React.ReactElement {
  const { kf } = useKf();
  const runs = React.useRef(new Set<string>());
  const told = useFetched(
    name,
    signal => kf.rest.get<EndpointPaper>(`endpoints/${part(name)}`, {}, signal),
    change =>
      change.id === name ||
      runs.current.has(change.id) ||
      (change.row?.kind === 'serve' && change.row.name === name)
  );
  const endpoint = told.data?.endpoint;
  if (endpoint) {
    const known = endpoint.versions.map(({ note }) => String(note['run']));
    runs.current = new Set([...known, endpoint.run.id]);
  }
  return (
    <Fetched told={told}>{paper => <Paper paper={paper} again={told.again} />}</Fetched>
  );
}

function Paper(props: { paper: EndpointPaper; again: () => void }): React.ReactElement {
  const { kf, trans } = useKf();
  const { paper, again } = props;
  const { endpoint } = paper;
  const { run, name } = endpoint;
  const ready = endpoint.state === 'READY';
  const action = useAction();
  // The server keeps the last check, where it may write; else this page remembers it.
  const [checked, setChecked] = React.useState<Checked | null>(null);
  React.useEffect(() => setChecked(null), [endpoint.version]);
  const shown = React.useRef(endpoint.version);
  shown.current = endpoint.version;
  const path = `endpoints/${part(name)}`;
  const checkNow = () =>
    action.run('check', async () => {
      const check = await kf.rest.post<Check>(`${path}/check`);
      if (shown.current !== endpoint.version) {
        return checkedWords(endpoint.version, check.ok, trans); // another has the traffic now
      }
      setChecked({ at_s: Date.now() / 1000, check });
      again();
      return null; // it stands beside the proof
    });
  const rollBack = (version: number) =>
    action.run(`roll-back ${version}`, async () => {
      const asked = kf.rest.post<EndpointAnswered>(`${path}/roll-back`, { version });
      const told = await asked;
      again();
      return backWords(version, told.endpoint, trans);
    });
  // What is asked here is counted there.
  const [asked, setAsked] = React.useState(0);
  // From here on nobody answers: not to be asked for counters until there is news of it.
  const [stopping, setStopping] = React.useState(false);
  React.useEffect(() => setStopping(false), [endpoint.state, run.id]);
  const stop = () =>
    action.run('stop', async () => {
      setStopping(true);
      try {
        await kf.rest.post(`${path}/stop`);
      } catch (failure) {
        setStopping(false);
        throw failure;
      }
      again();
      return trans.__('Endpoint %1 was stopped.', name);
    });
  return (
    <>
      <PageHead
        kind={trans.__('endpoint')}
        title={name}
        badge={<StateBadge state={endpoint.state} kind="serve" live />}
        detail={
          <>
            <span>{trans.__('version %1', endpoint.version)}</span>
            {run.reason ? <span>{run.reason}</span> : null}
          </>
        }
        actions={
          <Only may="endpoints">
            <Button
              label={
                action.busy === 'check' ? trans.__('Checking…') : trans.__('Check now')
              }
              title={trans.__('Sends the golden rows through its wire again')}
              disabled={!ready || action.busy !== null}
              onClick={checkNow}
            />
            {ENDED.has(run.state) ? (
              <TurnButton
                version={endpoint.version}
                instead={null}
                {...{ action, rollBack }}
              />
            ) : (
              <ConfirmButton
                label={trans.__('Stop')}
                question={trans.__('Stop all its versions?')}
                yes={trans.__('Stop it')}
                no={trans.__('Keep it')}
                disabled={action.busy !== null}
                onConfirm={stop}
              />
            )}
          </Only>
        }
      />
      <LookOnly may="endpoints" className="jp-Kf-pad" />
      <ActionNote action={action} />
      {run.error ? <ProblemBox problem={run.error} /> : null}
      <div className="jp-Kf-body">
        <div className="jp-Kf-columns jp-mod-wideLast">
          <Section title={trans.__('What it serves')}>
            <Serves paper={paper} />
          </Section>
          <Parity paper={paper} checked={paper.checked ?? checked} />
        </div>
        <TryIt
          name={name}
          columns={paper.schema}
          ready={ready}
          version={endpoint.version}
          onAnswer={() => setAsked(times => times + 1)}
        />
        <Traffic
          name={name}
          ready={ready}
          asks={ready && !stopping}
          asked={asked}
          version={endpoint.version}
          run={run}
          counted={paper.counted}
        />
        <Versions paper={paper} action={action} rollBack={rollBack} />
        <LineageSection thing={`endpoint ${versioned(endpoint)}`} />
      </div>
    </>
  );
}

function Serves({ paper }: { paper: EndpointPaper }): React.ReactElement {
  const { trans } = useKf();
  const { endpoint } = paper;
  const { run } = endpoint;
  const asked = run.spec['model'];
  const model = typeof asked === 'string' ? asked : endpoint.model;
  const label = typeof asked === 'string' ? asked : shortDigest(endpoint.model);
  const facts: [string, React.ReactNode][] = [
    [
      trans.__('Model'),
      <ThingLink
        key="m"
        thing="model"
        id={model}
        label={label}
        title={endpoint.model}
      />
    ]
  ];
  if (endpoint.why) {
    facts.push([trans.__('Chosen as'), endpoint.why]);
  }
  facts.push(
    [trans.__('Run'), <ThingLink key="r" thing="run" id={run.id} />],
    [trans.__('Started'), <Ago key="s" at_s={run.created_s} />],
    ENDED.has(run.state)
      ? [trans.__('Ended'), <Ago key="e" at_s={run.ended_s} />]
      : [trans.__('Reached through'), address(endpoint.url, trans)]
  );
  return <Facts facts={facts} />;
}

function address(
  url: string,
  trans: ReturnType<typeof useKf>['trans']
): React.ReactNode {
  return url.startsWith('unix:') ? (
    <span title={url}>{trans.__('this server and the notebook: no open port')}</span>
  ) : (
    <code>{url}</code>
  );
}

function Versions(props: {
  paper: EndpointPaper;
  action: IAction;
  rollBack: (n: number) => void;
}): React.ReactElement {
  const { trans } = useKf();
  const { paper, action, rollBack } = props;
  const { endpoint } = paper;
  return (
    <Section title={trans.__('Versions')}>
      <Table
        label={trans.__('Versions of this endpoint')}
        rows={[...endpoint.versions].reverse()}
        keyOf={version => String(version.n)}
        columns={[
          { key: 'n', title: trans.__('Version'), cell: version => version.n },
          {
            key: 'model',
            title: trans.__('Model'),
            cell: version => (
              <ThingLink
                thing="model"
                id={version.digest}
                label={<code>{shortDigest(version.digest)}</code>}
              />
            )
          },
          {
            key: 'created',
            title: trans.__('Asked for'),
            cell: version => <Ago at_s={version.created_s} />
          },
          {
            key: 'run',
            title: trans.__('Run'),
            cell: ({ note }) => <ThingLink thing="run" id={String(note['run'])} />
          },
          {
            key: 'traffic',
            title: trans.__('Traffic'),
            cell: version => <Turn {...{ paper, version, action, rollBack }} />
          }
        ]}
      />
    </Section>
  );
}

/** How a version stands to the traffic, and the way to give it the traffic. */
function Turn(props: {
  paper: EndpointPaper;
  version: Version;
  action: IAction;
  rollBack: (n: number) => void;
}): React.ReactElement {
  const { trans } = useKf();
  const { action, rollBack } = props;
  const { endpoint, warm } = props.paper;
  const { n } = props.version;
  const over = ENDED.has(endpoint.state);
  const own = n === endpoint.version;
  const word =
    endpoint.state === 'READY'
      ? trans.__('has the traffic')
      : stateWord(endpoint.state, trans, 'serve');
  if (own && !over) {
    return <>{word}</>;
  }
  return (
    <span className="jp-Kf-inline">
      {own ? word : null}
      <Only may="endpoints">
        <TurnButton
          version={n}
          instead={over ? null : endpoint.version}
          warm={n === warm}
          {...{ action, rollBack }}
        />
      </Only>
    </span>
  );
}

/** Gives a version the traffic, or starts one of an endpoint that is over: by its name. */
function TurnButton(props: {
  version: number;
  /** Which version has the traffic; null where the endpoint is over. */
  instead: number | null;
  /** Whether it still runs. */
  warm?: boolean;
  action: IAction;
  rollBack: (n: number) => void;
}): React.ReactElement {
  const { trans } = useKf();
  const { version, instead, action } = props;
  const asking = action.busy === `roll-back ${version}`;
  const busy = action.busy !== null;
  const cold = trans.__('Its model is started as a new version, and proven first');
  if (instead === null) {
    return (
      <Button
        label={asking ? trans.__('Asking…') : trans.__('Start version %1', version)}
        title={cold}
        disabled={busy}
        onClick={() => props.rollBack(version)}
      />
    );
  }
  const label =
    version < instead
      ? trans.__('Roll back to %1', version)
      : trans.__('Switch to version %1', version);
  return (
    <ConfirmButton
      label={asking ? trans.__('Asking…') : label}
      question={trans.__('Move the traffic from version %1 to %2?', instead, version)}
      yes={trans.__('Move it')}
      no={trans.__('Keep it')}
      tone="accent"
      title={props.warm ? trans.__('It still runs: the traffic moves at once') : cold}
      disabled={busy}
      onConfirm={() => props.rollBack(version)}
    />
  );
}
