import js from '@eslint/js';
import ts from 'typescript-eslint';

// Small on purpose: tsc is strict already; these are the mistakes that it can't see.
export default ts.config(
  { ignores: ['lib/', 'node_modules/', 'src/wire.ts', '**/*.cjs'] },
  js.configs.recommended,
  ...ts.configs.recommended,
  {
    rules: {
      'max-lines': ['error', { max: 400 }],
      eqeqeq: 'error',
      '@typescript-eslint/no-namespace': 'off',
      'no-restricted-globals': ['error', 'fetch', 'alert', 'confirm', 'prompt'],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: '@observablehq/plot',
              message:
                'Use ui/plots, and import() that: it must stay out of the first load.'
            }
          ]
        }
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }]
    }
  },
  {
    files: ['src/ui/plots/**'],
    rules: { 'no-restricted-imports': 'off' }
  },
  {
    files: ['scripts/**'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly' }
    }
  }
);
