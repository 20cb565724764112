import { jobName } from './naming';

describe('a cell that is run as a job', () => {
  it('is called as its notebook, in letters that a run may have', () => {
    expect(jobName('work/My Sales (2).ipynb', [])).toBe('my-sales-2');
    expect(jobName('01-Début.ipynb', [])).toBe('d-but');
    expect(jobName('123.ipynb', [])).toBe('job');
  });

  it('has a name that ends in a letter or digit however long the notebook’s is', () => {
    const name = jobName(`${'a'.repeat(39)}-and-more.ipynb`, []);
    expect(name).toBe('a'.repeat(39));
  });

  it('gets a number when another cell has that name, though not when it only reads like it', () => {
    const cells = [
      '%%kf train sales --data x\nmodel = 1',
      'sales = 3',
      '%kf serve sales'
    ];
    expect(jobName('sales.ipynb', cells)).toBe('sales-2');
    expect(jobName('sales.ipynb', [...cells, '%%kf train sales-2\n1'])).toBe('sales-3');
    expect(jobName('sales.ipynb', cells.slice(1))).toBe('sales');
    const long = 'a'.repeat(40);
    expect(jobName(`${long}.ipynb`, [`%%kf train ${long}\n1`])).toBe(
      `${'a'.repeat(38)}-2`
    );
  });
});
