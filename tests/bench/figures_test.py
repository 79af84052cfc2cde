"""figures.py: the table, and inputs that are none."""
import contextlib, io, json, pathlib, tempfile, unittest

import figures


def row(model, test, quipu, ratio, load=0.5, rss=0.75):
    return dict(model=model, test=test, quipu=quipu, llama_cpp=quipu / ratio, ratio=ratio, load_ratio=load, rss_ratio=rss)


class Figures(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def file(self, content):
        path = self.folder / f'{len(list(self.folder.iterdir()))}.json'
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def written(self, *files):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            figures.main([*files, '--machine', 'a machine', '--date', '2026-01-31', '--commit', 'abc'])
        return out.getvalue()

    def refusal(self, content):
        with self.assertRaises(SystemExit) as caught:
            self.written(self.file(content))
        return str(caught.exception.code)

    def test_a_row_per_model_and_a_column_per_test(self):
        text = self.written(self.file([row('a.gguf', 'tg64', 80, 1.25), row('a.gguf', 'pp512', 1000, 3), row('b.gguf', 'pp32', 20, 0.5)]))

        lines = text.splitlines()
        self.assertEqual(lines[5:], ['| model | pp32 | pp512 | tg64 | load | memory |', '|---|---|---|---|---|---|',
                                     '| a.gguf |  | 3.00 (1000.0) | 1.25 (80.0) | 0.50 | 0.75 |',
                                     '| b.gguf | 0.50 (20.0) |  |  | 0.50 | 0.75 |'])
        self.assertIn('a machine, 2026-01-31, commit abc.', text)

    def test_tests_are_in_the_order_of_their_numbers(self):
        names = ['tg64@2048', 'pp2048', 'tg64x8', 'tg64', 'pp32', 'pp512']
        text = self.written(self.file([row('a', name, 1, 1) for name in names]))
        self.assertIn('| model | pp32 | pp512 | pp2048 | tg64 | tg64@2048 | tg64x8 |', text)

    def test_of_equal_rows_the_last_counts(self):
        text = self.written(self.file([row('a', 'pp32', 10, 1)]), self.file([row('a', 'pp32', 20, 2)]))
        self.assertIn('| a | 2.00 (20.0) |', text)
        self.assertNotIn('(10.0)', text)

    def test_load_and_memory_are_medians_over_the_tests(self):
        text = self.written(self.file([row('a', 'pp1', 1, 1, load=0.2, rss=1), row('a', 'pp2', 1, 1, load=0.4, rss=2), row('a', 'pp3', 1, 1, load=0.9, rss=3)]))
        self.assertIn(' | 0.40 | 2.00 |', text)

    def test_a_name_cannot_break_the_table(self):
        self.assertIn('| a\\|b c |', self.written(self.file([row('a|b\nc', 'pp1', 1, 1)])))

    def test_output_goes_to_a_file(self):
        target = self.folder / 'figures.md'
        self.assertEqual(self.written(self.file([row('a', 'pp1', 1, 1)]), '--output', str(target)), '')
        self.assertTrue(target.read_text().startswith('# Speed'))

    def test_inputs_that_are_no_results_are_refused_by_name(self):
        self.assertIn('expected JSON', self.refusal('{'))
        self.assertIn('expected JSON', self.refusal('[' * 100000))
        self.assertIn('expected a list of rows, found dict', self.refusal('{}'))
        self.assertIn('row 0: expected an object, found int', self.refusal('[1]'))
        self.assertIn("row 1: test: expected pp512 or tg64@2048, found 'x'", self.refusal([row('a', 'pp1', 1, 1), row('a', 'x', 1, 1)]))
        for value in (0, -1, None, 'a', True, float('nan'), float('inf')):
            self.assertIn('row 0: ratio: expected a number above 0', self.refusal([{**row('a', 'pp1', 1, 1), 'ratio': value}]))
        self.assertIn('row 0: load_ratio: expected a number above 0, found None', self.refusal([{k: v for k, v in row('a', 'pp1', 1, 1).items() if k != 'load_ratio'}]))
        with self.assertRaises(SystemExit) as caught:
            self.written(str(self.folder / 'absent.json'))
        self.assertIn('absent.json: No such file', str(caught.exception.code))


if __name__ == '__main__':
    unittest.main()
